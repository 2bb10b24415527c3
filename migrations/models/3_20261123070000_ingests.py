"""Loads over HTTP, and how many facts a load removed."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        ALTER TABLE ingest_log ADD COLUMN removed bigint NOT NULL DEFAULT 0;

        CREATE SEQUENCE ingest_id_seq;
        CREATE TABLE ingest (
            id bigint DEFAULT nextval('ingest_id_seq') CONSTRAINT ingest_pkey PRIMARY KEY,
            state text NOT NULL DEFAULT 'queued',
            received_at timestamptz NOT NULL DEFAULT now(),
            touched_at timestamptz NOT NULL DEFAULT now(),
            finished_at timestamptz,
            files jsonb NOT NULL,
            options jsonb NOT NULL,
            rows_read bigint NOT NULL DEFAULT 0,
            bytes_read bigint NOT NULL DEFAULT 0,
            report jsonb,
            error text,
            CONSTRAINT ingest_state_check CHECK (state IN ('queued', 'running', 'done', 'refused', 'failed'))
        );
        ALTER SEQUENCE ingest_id_seq OWNED BY ingest.id;
    """


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP TABLE ingest;
        ALTER TABLE ingest_log DROP COLUMN removed;
    """


MODELS_STATE = (
    "eJztXdty2zgS/RWUXsau0roc5+Js8iQnjse7vq2tmZ2dOEXCIiRxTQIaALKiyubftwFQvF"
    "MSJcuWZPjJAroB8AA8aDaazR+NkHkkEHufscS/Ey58Rhsf0I8GxSGBf8qqm6iBB4OkUhVI"
    "fBdoeQ8EnYeU5J2QHHck1HVxIAgUeUR0uD+QpqvGJSWIs9EeciM1F2HqIbfTx7RHPAdLF4"
    "XsgaCRL/uIgNAYBQx7SPaxREZKQOMdKZrIp8iXAkGXVEAJtLanRuGxDgzDp72n6PCW3lJX"
    "4HAQEBcJPBZGUfaJUUKYExRij6DhoIm6jCOMuj4XEnph92jH9VUHci9qYhcG2uNsOIBiRx"
    "ApXN2Aai7E4l4g1oUfTJBbGvfDWRAMBwL1MVwG1JuL8PBYozGk/l9D4kjWIyDMAZOv36DY"
    "px75TsTk5+De6fok8DLLwfdUA7rckeOBLrsJcRCcUvlFSyu075wOC4YhTTQGYxgijVV8Kl"
    "Vpj1DCsSReanXQYRBEi2lSZMYLBZIPSTxQLynwSBcPA7XGlLYZQVLWcJyLy7Zzc9x2nEZh"
    "/U00UiskKuowqtYujFVoDHpqCH97fXD47j3U6hGqH4c/TYcJKEZcQ3PeOjs7vWg3fmohdW"
    "9oMQ1ygmrqfslCe+T3KoFNKT0OupOCBN7kjn06fP9+cPD69eHB/ut379++OTx8+34/RrtY"
    "NQ37o9MThTwIMCAgw06TqUigT276IvpAekT6ISnHP6uZmwIvUt2b/LOBEzIF2/bp+fFNu3"
    "V+pZoPhfgr0Hi12seq5kCXjnOlO+92s5MRN4L+fdr+Famf6M/Li2MNJxOyx3WPiVz7z4Ya"
    "Ex5K5lA2crCXxmRSPCnKTLPh0pIbjLGAYFo+w4lSbnbvQGu7JvTo8vIsM5dHp7lb5+K386"
    "Pj651XehJByJcVd1Rmryoi3uIcj8vxLmjmYA98sYnENsf+8PUbgKg23e59aoNQBXe4cz/C"
    "3HMKNeyAVckWq8KDMF+CKe5pMNSo1Rgnpp4ftnrkRM1FqSWYqp5uCfqhAz04vVh0pinYog"
    "g0EFfEWrTbCrVL2DFqYGW2TOVumyjM3mwjq2TdLZmDV28O37x//e5NvMHGJdP21dnmjMJK"
    "z1IR3zb5PgXgWCmHMQx+u+779vEf7QzdXvzeuv70a+t657z1x25m+zy7vDiZiKfY+NPZ5d"
    "FacYYylir4QlfN5ApvIjWbJtSTzEfkKg24KV3kC/Qf+Ds///y5hDZmSS9BI1GbNXgkpbE9"
    "z0QrYxKN1gMOhiVUolbVFIxjrWmW+XaxirK014sTyIPfIW2DfCkzJAKz+UHLmnmckybuYY"
    "6U+8OollFDicQydJAMsSYrFBStlTGTG1KY6bIaxkaZrrU5Ns7mOCGAMq/glqhyJq/0Erk5"
    "KMVIl1FJqmYJCjGt1GOPjI4ljlnEEcFVlzNyapYuNo4urgLcISGhsoIxkvqZpDHIiM7BG1"
    "oBMYqw+ld2GQ/RCLiBIOwJJCSmXhmpzKu2BOPEl1KPdPJqlndm8U6CWF3qKWpa9tlE9tH3"
    "bzX5mOp5uCeRnMun6j0QLn0BcxGzSLl7tUpwOXrR7dRml7SWJZc5yMUAtgC3ZBUttWwctV"
    "yTXlXcTlw5k1Z4IjeHPWOkmwgLHXASGyeqf4F8WWbMzKWzBNWY9usRTUbH0swsmongqksy"
    "OTVLMZtFMV+ADFreOQFAOuIz9oNxGdeUSE0lHRUM52DPCY2G48UqM/nni/9AUEiwGHKiA+"
    "AYJeqYp5lwTI8gffLcjBwzzZhvmii2p3Xgn3EGIjWFRdZaWU8qSvAKg7Wlrol46G6MQkZl"
    "X/URn1XtoXZfdQeYYUF+EWjA/RDzMbonY3WOteN7TRQJ7zYRGG7QPDwqptrVcINmOBTyls"
    "IalrCCDf9OpFRrH5GrzsZwoK4PWjZ3GfwOtKyAqTaxir5EHab4ustZqNEQBCRptff8a2Ny"
    "1JLaYnqTs5fI95Y2ajMP12m3/7dlwhSnxdJtGf0/SQxd9SbhhwO4WVRwYkn8z9RpyCrasM"
    "bFwxoDv3NfE/1ExwK/OPBMlEWSkg7wdlCBe6SSP6g2OnuR7gbOwLSj6uNPp+ets51X75vv"
    "chGFE1Ppzf5uAVsaBT3XXdlZRbu8F17egX9PaoIfq1jYF4Z9peGKm4P6ko+1axW3tW2IPm"
    "XoywvE9wniAl4gqk929vkysX2Kg58XiOwT+LlfCKoF/2rWRCji+4Vx4vfoP4l5hemUqhCM"
    "TplTuxj+vmH4/pwsoUlpI/ZlcTyKnW5pywguHy6amOe46+Ob9vXpp3ajZO0+DrDJydaWQp"
    "u5aecAF5e9crMIsuk3vLYU2+QJaQ5gEz/18tgmcalbimzG7JwD3LTrf3l403E0Wwpwzkaa"
    "D+LkROVRME6a216QMzb+HCjn3lB5BMsh83rMlgJddABUQP08Z9+nOhlLo+S8O6ppTjvj9h"
    "OZuRLhJHlmRlggLO6Jp09d2QPh6Nd2+ypJD8PVsauA5eDufkCjiYqAFdtEfTaCXvRhrS+a"
    "pvaOdGD86ni5LDrnKTs3CXIkLGX9Mia0NCReE/EhpdB8E3mMEnW+3h0KGMGOSzhnPEqlM+"
    "qPdxGMqYv9gHh7yJVs2OmnsvaIKNlNl4xgPLD6PKUEwrcUBgR9CFDqwu8oj4779cetntlb"
    "wOS2McCyb/67G0sibmHZuU3kMj1LoKIOw2HA0MEAc9CShMM1upwMGJeuQU8n5DFwriLfjj"
    "3Iflw3e/VBtl6jxQmojnOKFWyE05wRTtlnww7xHxZKxpNTtdl41jobT8LZdec5q2mnea2n"
    "uetTXyw2zznVR5joaPey87yKeQ7KggL+cXN5UTW7QWlIgOd3JPof2r48TwqK6dtlfmfMTZ"
    "NqIL9dRjZpHeBTKhb6JaDnbCQcTnBN6zyjtk2HME8cDqMfzRbAP6tnJ2DhCTCPu3WYJ9FY"
    "ing2ZxdfCe9oT0idB9JYYaEH0s1Be9veuDG+xTPWa1Q6HlVlc7bv0Qkiubn9jx90Rmtto6"
    "lX9XIOMtHHB2/fFV1kOTef7BOfqzTboqlffRn1SUUq7tV3af1va72tTPW/cbnQ82NW0/oJ"
    "1vz5cY38BHairaNgy6xG+7T6rA9LPhVEbUY1LYmUlgV/8ffxzFca6mGfUrLQLwz9kC4Efk"
    "bNwr+Ej0aFQ9Tl/ETJQr8w9GIYhnWRT3Qs8Eus+f+STu2tNq1lwV/83WDSlQ4bljzDTX09"
    "OKVlwV8YfP0WhkrJUv4EPeWl1onSknnyN8dXHKXJL6AnWW3sjMoLRy7zvcf5b/y8pr35a9"
    "38a3JQca2/NDk7OVipXHPa8YX5huWCCcJU2iywqNIZu36JvtlpYnRFf/IRTVhK0LUSxGjy"
    "BTIkiDSHCCqYGS5+HOuSsQobLh5lrLxHHTWd/kSaDp5W7d35Un8KVLV4ZXxBN/86g97dk+"
    "vL365OL052dl2043bgjgtYb+8kauSGyD2l5+5+hJF4QFlU3YxmuNC2MUlvKR7hMepHWRvp"
    "MLwjHO3voeWzl6WvJs5j1lTd3MJIvis5AWNrMy6ZLwgaYbjNNLqGRgxgCgUWeKl+lzz0WY"
    "PsEOtw+LO6BPypaS+CPP1zsnndbdo1Fv+0rH03fLVv3Nv8O4+Lp81msgpUbcYNmydm87C1"
    "maNWi6/NxvrszjmbjdVmY332GZjm17PZWDdyedtsrM8Cu3bM1YM9VrGwb6KXu0W43+k3Sv"
    "zaUU1zmicbJzKzHNfVU/DIQewvJYJ9ZU7MyjOvT33My6GtPuzazPwQcL98dwJCe1LdGgdv"
    "304BdGJHgFQ+jDWqOjB1OcfbYFAH4Uh8C9F9tb8/B7ogVYmuriuYcLI0KVh1RHZKxcZk14"
    "zJftbN7Of/AQmfhW4="
)
