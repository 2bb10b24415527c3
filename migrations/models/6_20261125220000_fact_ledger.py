"""The ledger: by how much each data version changed the facts of each day and platform. It begins with today's facts.

A downgrade keeps both tables, which older releases ignore, so that history survives it. The next upgrade appends what
changed meanwhile, as one change.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        SET LOCAL citus.multi_shard_modify_mode = 'sequential';

        -- Waits for a load that is running: the ledger must have its facts too.
        LOCK TABLE fact_ad_metrics_daily IN SHARE MODE;

        CREATE TABLE IF NOT EXISTS data_change (
            data_version bigint CONSTRAINT data_change_pkey PRIMARY KEY,
            changed_at timestamptz NOT NULL,
            cause text NOT NULL,
            first_date_id integer,
            last_date_id integer
        );

        CREATE TABLE IF NOT EXISTS fact_ledger (
            date_id integer NOT NULL,
            platform_id integer NOT NULL,
            data_version bigint NOT NULL,
            facts bigint NOT NULL,
            impressions bigint NOT NULL,
            clicks bigint NOT NULL,
            cost numeric(18, 6) NOT NULL,
            conversions bigint NOT NULL,
            likes bigint NOT NULL,
            CONSTRAINT fact_ledger_pkey PRIMARY KEY (date_id, platform_id, data_version)
        );
        CREATE INDEX IF NOT EXISTS fact_ledger_data_version_idx ON fact_ledger (data_version);

        -- The sums by day and platform are those of the rollup 256 where the rollups have it, else of the facts.
        INSERT INTO fact_ledger (
            date_id, platform_id, data_version, facts, impressions, clicks, cost, conversions, likes
        )
        SELECT date_id, platform_id, (SELECT version FROM data_version), sum(facts), sum(impressions), sum(clicks),
               sum(cost), sum(conversions), sum(likes)
        FROM (
            SELECT date_id, platform_id, facts, impressions, clicks, cost, conversions, likes
            FROM rollup_ad_metrics_daily
            WHERE grouping_set = 256 AND (SELECT 256 = ANY(grouping_sets) FROM data_version)
            UNION ALL
            SELECT date_id, platform_id, count(*) AS facts, sum(impressions) AS impressions, sum(clicks) AS clicks,
                   sum(cost) AS cost, sum(conversions) AS conversions, sum(likes) AS likes
            FROM fact_ad_metrics_daily
            WHERE NOT (SELECT 256 = ANY(grouping_sets) FROM data_version)
            GROUP BY date_id, platform_id
            UNION ALL
            SELECT date_id, platform_id, -facts AS facts, -impressions AS impressions, -clicks AS clicks, -cost AS cost,
                   -conversions AS conversions, -likes AS likes
            FROM fact_ledger
        ) AS entries
        GROUP BY date_id, platform_id
        HAVING (sum(facts), sum(impressions), sum(clicks), sum(cost), sum(conversions), sum(likes)) <> (0, 0, 0, 0, 0, 0);

        INSERT INTO data_change (data_version, changed_at, cause, first_date_id, last_date_id)
        SELECT version, changed_at, 'upgrade', (SELECT min(date_id) FROM fact_ad_metrics_daily),
               (SELECT max(date_id) FROM fact_ad_metrics_daily)
        FROM data_version WHERE version > 0
        ON CONFLICT (data_version) DO NOTHING;
    """


async def downgrade(db: BaseDBAsyncClient) -> str:
    return "SELECT 'fact_ledger and data_change stay'"


MODELS_STATE = (
    "eJztXWtz27YS/SsYfbJnVE3iJE4af5ITN1HrR8bW7W0bZ0iIhCTUJMAQoFVNb/77xYMUHy"
    "IlkbJlSUYnM7WAXRA8Sx4uFsDi35ZPXeSxTjfAv6Fp6z34t0Wgj8QfhZo2aMEgSMtlAYcD"
    "T4nCAFt3sdCA8RA6XBQPoceQKHIRc0IccEyJFL4iCHS/9IBQAAc24zREnbgBZh+eANvFI8"
    "S4DTADfIzAzefuT0dvjgEdAswZYMgJEe+ASwr4hMpWGMAERAyBMbxHSoWJWwDyPjqySy51"
    "RJ8wGT3J1SOCv0fI4nSERGUo+vD1myjGxEX/IJb8DO6sIUaem7MAdmUDqtzi00CVneJRj/"
    "BflKy8t4HlUC/ySSofTPmYkpkCJlyWjhBBIeRIXoGHkbQLiTwvtmBiKt3ZVET3MqPjoiGM"
    "PGldqa07kJa1LOvyqm/dnPUtqzVn+UQjY464yKFEPjWiq0wBMJJd+Onno6NXr94evXh1/O"
    "7N67dv37x78U7Iqv7OV739oTuToqWbUpj1PvUu+7JDVDya+pGVBT+UDuRQayljpOir/8/h"
    "30f/VKCfyBfwFzdWxD9Be5EBkoLUAunrtAETLECzf/aHwtJn7LsnCy5/715/+Ny9Prjo/n"
    "GoaqZxzfnV5adEPIX+8sP51akCPwWbOTSohfZMwcDdAG5NcmXsQmA4LUc81SlAPphyxPYL"
    "9FMJWRZ0gflp77J7/Wc56ol8QBkfhaqh1umf/bNuAXfx8ZD4WLAE+4+ihmMflaOf1yxYwI"
    "1VO8kf+2WNfu/i7KbfvfiSM8nHbv9M1hzlrJGUHhwf5l+DWSPgv73+ZyB/gr+uLs+KZpvJ"
    "9f9qyT7BiFOL0IkF3SwmSXFSlDNziO7pXSMz5zUfwMzxd9tY+WGsLH214V3GX5AFA+jcTW"
    "DoWnM19IhWyc5X+Ud+sQQSOFJGkmjKfsZOuXiI4IcxJMpRmnPZM7UL3Xbl+jip4Equu1QC"
    "9yhkoky4u5AD3YIrlBzO3oPJGBHhK4MBGkHSBpC4ynN2oHSSD2yPQtduA1u40YjIhvWPQY"
    "Q9VR4FoxC6yD4s9903d/lbckvsIQ4Zt+T7ZmHXVq3ZHswVhdrrV5JKQNaLfk5198Yw7pqU"
    "IidgQPlYKUmTggkWb3jEtcS64wVlzxibeiOHoubyMcQqXxQziGjFD2eTD35O03zwt+5TkP"
    "PrJLvUGb7MFMzwpcHwJcfK87BX0tycXiOe2zKXKia6o5ev375+9+r49YzfZiWLaC2hsBTc"
    "7OetBrZFNQOthnaLPMbf4w98hcv4e/r9X+IzZjyF1ZzGkE464Aw6YyD9r6zfxmLnyKf34m"
    "87bjn2tNJvoHDNMFGOnLgaYUJFSJV7iI90LeUOMugHHrIBg1OmW1aun2pV+nS6XjupBzaW"
    "1+SdWOmwA+xRSKNAFFsMcZb6jiTyB6IzMsisAsiIp63fkpB6XhQwHWAWIkh0fCodzMeIL9"
    "/40PPWjjDvinf46ujt8eyllj8Wvc83F93z8+UuXyMH/MF97+1gzo1438bbfmbetibUkheM"
    "Ug9BUjFhMFMqhq+F1n4Z9PTq6jxny9Ne0an+z8Xp2fXBS2VEIYR5xRuV+2DNI94NQ1gxXT"
    "CnWYDdw2wXiW2xv/f12xZ5fNjvjtAnaYZSjy9Tvdjjw74lrmCNZqJLXb4uAUIDhJJT5520"
    "udo1XBjZsVrDlFRhb+bJ1xz5VXsyEqswiQ6vGtnIKZnoxorRje3hDOknVfCFqlrKFW4itZ"
    "wm5CBGLrlJYumYgT/FfxcXHz+W0MYy6fUi5zV5ZN1Ix/NiEoXWPfSiEiqRT9UCjGdai5zy"
    "/WIV6WRvFyege+ygvka+lBlSgeX8oGS1HVekiTthIxn50Kpl1FAisQ4dpF2syQpzisbLWM"
    "oNGczqrrkr0zU+x875HJ+QQDms4Ja4cimvjFK5FShFS5dRSaZmDQrRrdRjj5yOIY5lxBHD"
    "VZczCmqGLnaOLr540EE+IryCMdL6paQR5ERX4I2AMix/AfEPAqHOhzT05aqjEAHoMiCuh2"
    "ApsdRRXYN5ZrdUj3yKaoZ/lvFPilhdCprXNCy0iyykXuBqEtLVq3BQKrlSbNW9RyHHTNhi"
    "RiPlYdYqwfXoRbVTm12yWoZcViAXDVgDbskrGmrZOWq5RqOqdTqzyqW0EqZyK/g1WroNoN"
    "72OPNO5PUZwLzMoVlJZw2q0e3XI5qcjqGZZTQTw1WXZApqhmJ2i2J+EWTQdS+QAMRhHyH2"
    "Snd+l0gtJB25DM6CruVrDcudqSzln76gDx9BFoVIrYKjaqfHVK3Mc6g/wATqkdMQiMdHdm"
    "6Ojuo3IVf0SS11A3I2KYDCWZJCyAWDKfAp4WMpP5ty6oAeF2Ih9mE4VVvIhdYBdtsgljhs"
    "A+FsOXpVX1ZOtAJvSfYC+qp+xLjoHuHiMdRKiYhUOwF2PNGlXxLZK8wZ8obJdbDUlmw7DK"
    "mv7pkhIUiqY+BfW8mESeYDMUpmUOIIWtYlzQ2Rs8H7b+usMzT72GXdJragYD8Qr4RcXViy"
    "gGehGfKKZl1i83WJHnbuaqKf6hjgmwNPy3a5f0SOYGavAndausnd1TqdWHcHLbBowvnsQ+"
    "+ie37w8l37uLAkMHF0Xr84nMOWxKuW6z7ZeUXzeDd+vD18h2qCP1MxsDeG/VEXHe4O6g+2"
    "42wLVl/tG6KbXMDyDPHdwOz+M0R1YzOXzxPbTUzbPENkNxClfiaozkVH8y7CPL6/0BDhEf"
    "kN6T1IPdEjSJyykPT8IvYdw/dH8gglpa1ZLCuEk1nQLesZidsXN430OO767KZ/3fvQb5U8"
    "uw8DbDovtafQ5l7aFcCFZRtnmiCb3ae1p9imI6QVgE3j1Otjm64u3VNkc27nCuBmQ//rw5"
    "tdBbOnABd8pNUgTmdUHgTjtLn9BTnn46+AcmGfyQN4DrlNLnsK9HwAoALqp5u5PkfuqHy3"
    "QKa2vXSm2ksFl85Pn07BmE6AHznjeGI5k4UwSUCYpoIpTD8nDPEeuHg4RKGcnmVtMBlj0Z"
    "wvhAYIEDSCHN+XbG7a4LXljPg1nehcNpR4U5VrBkDXRW4H9McIh4BFPogCwClIe4GZaBBy"
    "MIEM3BE6UVPZcfJFldBG6MgZcM9L0qrrfIeyyVtSnE+PXdg2yDCrmmGfJR46PAF9GnKKGQ"
    "Ih+h5hNecv7lqPsPSFRzKLTjp1XzEdbnaIbsdCJBOfeMTo+lZlBd0OeDc8ZaT4rh76MxUD"
    "e2PYzdqXJzeBWfti1r48uQXM2pe9e7zN2peNwb4lq9Z7Kp1qq2TcH9e0F435cSqzUspalT"
    "yWyuHv537/S5rNVd6LTIVGXPvwvcoSK0egokaMV0Mq0xwyNfwUfwhzl6eofaC2dUpaLh5Z"
    "tUZcSEZIjJTDiBDRoBgyiyGx+ImGEUOuuAoKQxrGyWsn4+khoKFAAHtycG9zGjljnf82Tp"
    "Cr88wO0USeekaJK5WE8C3BXF5DDN/tofgd57G1v/57q+xyK275thVAPtZ/qeOBbls/vtkn"
    "8qSFQAzc49PVIE8y3kpAzGlp284D7QXjd/UYzhtgwQFeiYLZPNQgA36IHITvGx4xlFM1uW"
    "63OtdtSst17ZzXNGbeajMPMcGsmZ0LqubMsO22s1c2avn15uqyyrpe6ZjFxQ4H/wP7l0VZ"
    "QrH4c1n8MhbMJBsofi6p6mEt4DMqBvo1oA/phFkhgjW985yaGa83DpOo0VcD/PN6xgCNDa"
    "BHvHWYJ9VYi3h25yv+KLyjgh11BqQzhUYD0t1Be9+SWejg3zkdtSojg7KyvTw4aHmx3MoB"
    "Qh2kUz6azIJTiIGxMTx6c1yMgrX10VLCFWd6oYpa3QPJVJ5cxdR5oUieXrUsgLiha5uI3F"
    "Z/aBZG5MJmZ43nNU3kYMtHlFsUOTCGNqGDPfMjzfj1aVdwEYbkx6imJ5HRMuA3X0KkV5fX"
    "wz6jZKBvDH1EGoGfUzPwrxG1kWsg6nJ+qmSgbww9i3y/LvKpjgF+jWf+b+TU/tRmtQz4zZ"
    "czoiG3aFQyhlu4ojGjZcBvDL7aqiUzqJaPoBfs70qU1jycbneix/HZdHPocVobO63yzJEz"
    "W7Oe8YrmX+ngxqOlS5qTqvaiaYu/6cBiidRKSbYJmiCVcVoehi4eDCDV1d5cwORqscgTZa"
    "LZdnws0ZgyzgAbyxW+aidvLAQObCHFOh6CMrsE8oQPIC5jH5Yn5t7MZdeYqhCtzr+AH8T1"
    "y1+/WPxhlq4+7VyFD/+xPERGfCx+vn6x4HXKbofJvVNJmO1otlNmwaxE/LjWmo+IdUyAeu"
    "sC1FtCpNfU86Jg+ZEGpXILKTZUGmscayCGpkxvc6CsJEeD2gUxhvcxz4nuxscTaHaUu0EC"
    "eXwTQ/wE2Eo93j0hkzGQyB+UnWK5qQurHSiJqCVElQgEtiPef4+OOp/iuhvEO1rHPhH1rn"
    "hbiUodIQYvDLtxJ5DskU4QgV3wQuWHKD2e4Zasfj5DoX9JTgoCeRRCTx+zsFo2CXGvJp3E"
    "NiU5WHA2aMbmNUAuqu2TW20SXm41qiap+MPiaVI0PwaqJk2PSX69e9iadPiPi69Js/PkUx"
    "gmzY5Js/PkFjBpdvbu8TZpdky+wP2GfUtC2F0UYmfcKglaxzXtRWFqmMosi0pXm+CBt/o8"
    "l30+jxbErFwZUD0xWb0kYDfz6uSnJ4/evFlhflJIVU5QqrpC4C0I6iAci+8hui9frDL7K6"
    "Qq0VV1cy4cLz3poHrfSkbF7FypuXPlST9mP/4PVHcI1w=="
)
