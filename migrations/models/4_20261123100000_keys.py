"""API keys, and the completed slots of jobs whose schedule hosts share."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        CREATE SEQUENCE api_key_id_seq;
        CREATE TABLE api_key (
            id bigint DEFAULT nextval('api_key_id_seq') CONSTRAINT api_key_pkey PRIMARY KEY,
            name text NOT NULL,
            scope text NOT NULL,
            digest bytea NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            revoked_at timestamptz,
            CONSTRAINT api_key_scope_check CHECK (scope IN ('read', 'ingest')),
            CONSTRAINT api_key_digest_check CHECK (length(digest) = 32)
        );
        ALTER SEQUENCE api_key_id_seq OWNED BY api_key.id;
        CREATE UNIQUE INDEX api_key_name_in_use_key ON api_key (name) WHERE revoked_at IS NULL;

        CREATE TABLE job_slot (
            job varchar(40) CONSTRAINT job_slot_pkey PRIMARY KEY,
            slot timestamptz NOT NULL
        );
    """


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP TABLE job_slot;
        DROP TABLE api_key;
    """


MODELS_STATE = (
    "eJztXVtz27YS/isYvdSeUTWJkzg5zZOcOI5a32qrPU3jDgmLkMSaJFQAsqLpyX8/C4D3iy"
    "RKli3JyEssYhcAvwU/LhbA8t+GTx3i8VZ75P5Cpo2f0L+NAPsE/siVNFEDj0bJdXlB4FtP"
    "ieKRa92FQrdcMNwTcLmPPU7gkkN4j7kj4dJACl8EBLUvOwgU0J7NBWWkBX9ze/8nZDvugH"
    "BhI5cjMSTo+nP7x4M3h4j2kSs44qTHiGihc4rEhCI3QGNO0BDfEyXNoedIdr8le+LQHnTF"
    "DQaP2eg4cP8ZE0vQAYFCBk1//Qsuu4FDvhEe/RzdWX2XeE4Gb9eRFajrlpiO1LUjd9AJxC"
    "clK2/p1upRb+wHifxoKoY0iBXcQMirAxIQhgWRLQg2llYIxp4X2isyjO5sIqJ7mdJxSB+P"
    "PWlLqa07kFxrWNb5Rde6Pu5aVqNg50gjZYXwUo8GcoxAV7kCYCC78ON/Dg5evXp78OLV4b"
    "s3r9++ffPuxTuQVf0tFr39rjuToKWrUph1TjrnXdkhCgNRD1B54bvSwQJrLWWMBH31fwH/"
    "LvlWgX4kn8MfbiyPf4T2LANEFxILJA/PI5hgBprd4z8Ulj7n/3jywvnv7asPn9tXe2ftP/"
    "ZVyTQsOb04P4nEE+jPP5xeHCnwE7B5j45qoR0rGLiXgFvzWxm7BJhNyxFPdHKQ304F4bsF"
    "+pGELA06YH7UOW9ffSlHPZIfUS4GTFXUOPrSPW7ncIf3hsTHwiXYf4QS4fqkHP2sZs4CTq"
    "jaiv7YLWt0O2fH19322WXGJB/b3WNZcpCxRnR173A/+xjElaD/drqfkfyJ/rw4P86bLZbr"
    "/tmQfcJjQa2ATizspDGJLkeXMmZm5J7eLWXmrOYDmDl8bxsrP4yVpa/Wv0v5C/LCLe7dTT"
    "BzrEIJPaBVssUi/8DPX8EBHigjSTRlP0MXHAYR/p0wrtEveOjp4pluunJ+7lOSC/nqjE5a"
    "yA7VbIQDB9m9IQ4GauDayKfgCU9cMUQEhKbIo9gBzxgLpKU4VN4TvCk9Z+lPQ5MBhytQW7"
    "mfvs4Gb4KbwAaXfeQRG1z3KdeK0pFXSggzgnzsEDQeNVGfMoRR32VcQCv0DqYOrmxAtMIq"
    "9qGjA0bHI7hscSK4rSqQ1fmY33E5h4CHmpObIG6HUc8bj7ieQUC5vgkHT9cxgbj2seetPI"
    "VY5IWyCXOIVwdvD+NZg/wxa55wfdY+PZ0/MUg9L4vPzVJKD4PuExP5Y87RUv5T/NDX9p8y"
    "msZ/2rg3a2Y2qLi05AGj1CM4qJgRxkr5+Qlo7ZZBjy4uTjO2POrkJ32/nR0dX+29VEYEIV"
    "dUPFGZd1UR8TZjuGI+WNDMwe65fBuJbYH3w9e/AMRN8QRdvz0gJ9IWpZ5gqni2J+j6FrRg"
    "DWLRua5gO0CggZgk1qLfVihdwY+RHSvzZSrftonCzkRDD16+fvv63avD1/ELNr4y670635"
    "2RWCkr1Qm/ZZRMCG7BENzmcIZ0lir4QhXN5QonkppPE3Im8x7ZUgMeSrWo8gX+nZ19/FhC"
    "G/OkV6CRsM4aPJLS2J050dqYRKF1j71xCZXIUTUD41hrlme+W6wiPe3N4gRy7/ZIVyNfyg"
    "yJwHx+ULLajgvSxB3YSIY/tGoZNZRIrEIHSRdrskJB0XgZc7khhVndldUyXeNzbJ3PcUIA"
    "ZVbBLWHhXF4ZJHILUIqWLqOSVMkKFKJrqcceGR1DHPOII4SrLmfk1AxdbB1dXHq4R3wSiA"
    "rGSMrnksYoI7oAbygFRAOE5Z+iT5mPJsANBGGHIy5w4JSRyqJqKzBOfCv1SCevZnhnHu8k"
    "iNWlnqKmYZ9tZB/1/FaTjy5ehHsSyYViqs49YcLlYIuYRcrDq1WCq9GLqqc2u6S1DLksQC"
    "4asCW4JatoqGXrqOWKDKr27cSFc2mFJXIL+DNauomw3s8eOyeyfY5cUebMLKSzAtXo+usR"
    "TUbH0Mw8mgnhqksyOTVDMdtFMZ+ADNrOGQFAevwjdr3SUzwlUjNJR26Gs7Bj+VrDcmKVuf"
    "zzyb0nyCeYjxlRG+BoQOQyTzPhmAFBauW5GQZmmjHfNFHsT6uNfzoYiKQJi6y1tpbkLsFL"
    "DN6WvCfioNsp8mkghrKNeK2qhbpD2Rxghjn5gaMRc33MpuqMkcvRnus0USi830TguEH1MF"
    "VM1avgBk1/zMVNAGNYwAjW/BtJydreI1uujWFP3h/UrJ8y+O3FJ5D0XkVXoB6VfN1n1Fdo"
    "cAKSQXX0/GsjWmpJvWIG0dpLGHtLO7WZyXU67P+XOee0OXvoql8Srj+Ch0VuTizZ/zPTDF"
    "lFs61x+W2Nntu7q4l+omOAXx54WnYK6iPpAW97FbjT0kNQjtZphbpbaIFZS9XHHzpn7dO9"
    "l++ah7kdhZGr9PrFfgHbINz0XHdkZxXN8F56eHvuHakJfqxiYF8a9rVuV9we1Fec1m7Uvq"
    "1dQ/Qxt748Q3wfYV/AM0T10dY+nye2j7Hw8wyRfYQ49zNBtRBfzboIRXw/UUbcQfAL0UeY"
    "OoHcgtErC2oXt79vGb7foyEUXW3EsSyGJ3HQLe0Zwe3DTRM9j7s6vu5edT50GyVj92GATV"
    "a2dhTazEO7ALi47MjNMsimT3jtKLbJDGkBYJM49erYJvtSdxTZjNu5ALjp0P/q8Kb30ewo"
    "wDkfaTGIkxWVB8E4qW53Qc74+AugnDuh8gCeQ+Z4zI4CXQwAVED9NGvfHZWMpVGy3h2WNG"
    "etcbuJzEKJcJI8MxPMEeZ3xFGrrvSeMPS5271M0sMwuezKYTjI/JKTSIXDiG2iIZ1AK2qx"
    "1uVNXXpLejKNpMo4WZ4U57Ea1wlyBAxldRgTahoTp4nYOAig+iZyaEDk+np/zKEHezZhjL"
    "Iwlc5kON1H0Kc+dj3itJAt6Lg3TGXt4WGymz6ZyLSaNHCkEgjfBNAhaIODUh9+h3l07K//"
    "3ijL3gAmN40RFkP9l0pCdwPDzm4imyorgYpcDIcOQwMjzEBLEAb3aDMyokzYGj2VkEfDaR"
    "J2bn6YvXohW43RogFm5JCMFMwOpyVySDLSI+79klnuMqomG89GZ+NJOLuunbOaxswbbea+"
    "G7h8OTvnVE3ays22s1e2KeDn64vzKut6pVsCHLcn0P/Q7uV5klDMfl3m34w5M8kK8q/L0C"
    "etA3xKxUC/AvSMTrjFCK7pnWfUdmkR5pG3w6ip2RL4Z/WMAZY2gJ7u1mGeRGMl4tmet/ha"
    "eEdFQupMSGOFpSak24P2rp240bHFUzpoVAYeZWFzfuzR8kK5heOPP6mM1spHk0f1cgEyPs"
    "QHbw6LIbJcmE8Mictkmm3eVEdfJkNSkYp7/U2a+NtGv1Zmxt/Ych+3yGqaOMGGzx83KE5g"
    "DG0CBTvmNZrZ6pNOltyAE/kyqulJpLQM+Mufx9NfaaiHfUrJQL809ONgKfAzagb+FWI0cj"
    "tEXc5PlAz0S0PPx75fF/lExwC/wpj/m/Rqv2rTWgb85c8Gk76w6Lj0I6AzjgentAz4S4Ov"
    "TmHIlCzlM+gZh1ojpRXz5G9PrDhMk19AT9Da2GmVZ45c5nuPiz/4eU3z8Nd6+DdkoeJnen"
    "vt0dL90VFRc9Yixd/01uKR1NwlCpkNKyATwgWSSjLqjxGXO8LGHnEQVJbsX+67nie3Fet0"
    "yUPKBUd8GH06M1JCezZo8ZZHsEOYvV9co3ikNldYpIDKio/eB2i2/MELxR9mi+rTrlL4+J"
    "vlkWAghvDz9YsZD1I6q0zmaYoCbAdxwpkZ6xHhQK21EhHqmND0xoWmN4RCr9THeufnVyyV"
    "m0mu+jPAS+ZYlLwHk9J00sMfws8ea8JLiA0GKDStmTH6iCPiROh1WHkeBG5+GuuSqTx5Uc"
    "60a21RHTxJf2VSnT+R9d26Qn1NWdZ4qYfW9a+n0Lp9cnXx22Xn/GRv3wbe7gE1eHTQOgkr"
    "uSaiJfXs/ffQEwee40D6M7q7ULee1d8EeIKnaBgmvg3G/i1h6EULrZ4AMn03cSrIpmzmBn"
    "ryTcpx6FuXMkFdTuAtBQ+vQldTlAZMokA9J9Xuiq+kDUiwswnr5+v7hknK7EWQZ3+RO6+7"
    "S4738l/nNuk11pu0xKQwe1g8TUKodaBqkhaZVFvbh61JvrdefE1C6ydf3zAJrU1C6ye3wK"
    "ylEZPQeiuHt0lo/SSwq8BcPdhjFQP7Ni4Utglze8NGSVw7LGnOimTjRGZe4LraBA98Dui5"
    "HAJaWxCzcttA9dpl9X6B7Uyxk13BPHjzZoElTJCqXMNUZbnA22hUB+FQfAfRfflikQVikK"
    "pEV5UVXDhRmlex+lBLSsUca6l5rOVJX2bf/w9bLOeL"
)
