"""The number of a grouping set has a declared bit for each of its dimensions, so that no number changes later.

Old numbers had a bit, by position, for each dimension outside the set, and a new dimension would have changed them. No
old number equals a new one: until it is replaced, a process of the previous release reads facts instead of rollups, and
the constraint refuses its loads.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        SET LOCAL citus.multi_shard_modify_mode = 'sequential';
        ALTER TABLE rollup_ad_metrics_daily DROP CONSTRAINT rollup_ad_metrics_daily_grouping_set_check;
        -- One statement writes each partition and its index once; an UPDATE would leave every old row behind.
        ALTER TABLE rollup_ad_metrics_daily
            ALTER COLUMN grouping_set TYPE integer USING (63 - grouping_set) * 64;
        ALTER TABLE rollup_ad_metrics_daily
            ADD CONSTRAINT rollup_ad_metrics_daily_grouping_set_check CHECK (grouping_set >= 0 AND grouping_set % 64 = 0);
        ALTER TABLE data_version ALTER COLUMN grouping_sets TYPE integer[];
        UPDATE data_version SET grouping_sets = ARRAY(SELECT (63 - number) * 64 FROM unnest(grouping_sets) AS number ORDER BY 1);
        -- Processes that serve read the sets again when the version moves; 0 stays 0, which says that nothing is loaded.
        UPDATE data_version SET version = version + 1, changed_at = clock_timestamp() WHERE version > 0;
    """


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        SET LOCAL citus.multi_shard_modify_mode = 'sequential';
        ALTER TABLE rollup_ad_metrics_daily DROP CONSTRAINT rollup_ad_metrics_daily_grouping_set_check;
        ALTER TABLE rollup_ad_metrics_daily
            ALTER COLUMN grouping_set TYPE smallint USING 63 - grouping_set / 64;
        ALTER TABLE rollup_ad_metrics_daily
            ADD CONSTRAINT rollup_ad_metrics_daily_grouping_set_check CHECK (grouping_set BETWEEN 0 AND 63);
        UPDATE data_version SET grouping_sets = ARRAY(SELECT 63 - number / 64 FROM unnest(grouping_sets) AS number ORDER BY 1);
        ALTER TABLE data_version ALTER COLUMN grouping_sets TYPE smallint[];
        UPDATE data_version SET version = version + 1, changed_at = clock_timestamp() WHERE version > 0;
    """


MODELS_STATE = (
    "eJztXVtz27YS/isYvdSeUTWJk9hp8iQnTuLWl4yt09M0zlAwCUmoSUIFICuanPz3swB4Fy"
    "mJki+SjLzEAnZB8Fvw42IBLH80AuYRX7TaQ/oHmTTeoB+NEAcE/ijUNFEDD4dpuSqQ+NrX"
    "onhInZtI6FpIjl0JxT3sCwJFHhEup0NJWaiEz0OC2p+PESigna6QjJMW/C26u29Q16N9Im"
    "QXUYHkgKDLT+1f917tI9ZDVAokiMuJbKEzhuSYIRqikSBogG+JlhbQc6S631I98ZgLXaFh"
    "/yEvOgrpvyPiSNYnUMnh0l+/QTENPfKdiPjn8MbpUeJ7ObyppxrQ5Y6cDHXZIe0fh/KDll"
    "W3dO24zB8FYSo/nMgBCxMFGkpV2ich4VgSdQXJR8oK4cj3I3vFhjGdTUVMLzM6Hunhka9s"
    "qbRNB9KyhuOcnXecy6OO4zSm7BxrZKwQFbksVGMEuio0AH3VhV9/29t78eJg79mL/devXh"
    "4cvHr97DXI6v5OVx38NJ1J0TJNacyOPx6fdVSHGAxEM0BVwU+tgyU2WtoYKfr6/yn8O+R7"
    "BfqxfAF/uLEi/jHaswwQF6QWSB+eBzDBDDQ7R39pLAMh/vVVwdmf7Yt3n9oXO6ftv3Z1zS"
    "SqOTk/+xiLp9CfvTs5P9Tgp2ALlw1roZ0oWLiXgNvwWxm7hJhPyhFPdQqQX08kEdsF+qGC"
    "LAs6YH54fNa++FKOeiw/ZEL2uW6ocfilc9Qu4A7vDYWPg0uwfw81kgakHP28ZsECXqTaiv"
    "/YLmt0jk+PLjvt0885k7xvd45UzV7OGnHpzv5u/jFIGkH/Pe58Quon+vv87KhotkSu83dD"
    "9QmPJHNCNnawl8UkLo6Lcmbm5JbdLGXmvOYdmDl6b1sr342Vla/Wu8n4C6rgGrs3Y8w9Z6"
    "qG7bEq2emqYC8oluAQ97WRFJqqn5ELDoMI/0m4MOhPeejZ6pluunZ+bjOSC/nqnI1bqBup"
    "dREOPdR1Bzjs64HbRQEDT3hM5QAREJogn2EPPGMskZES0LgrRVN5zsqfhkuGAkqgtXI//T"
    "4veBVehV1w2Yc+6YLrPhFGUTnyWglhTlCAPYJGwybqMY4w6lEuJFyF3cDUgaoLyFbUxC50"
    "tM/ZaAjFjiBSdHUDqrlwFFzDLcAs4iqE51qQ9Eqc+f5oKMwcAmYZ5jY8PLmPKcRlgH1/5U"
    "nEIq+UdZhFvNg72E/mDerHrJnC5Wn75GT+1CDzxCw+O8so3Q26j0zlDzlLy3hQyWNf24PK"
    "aVoPau3erbn5oGbTkgeMMZ/gsGJOmCgVZyigtV0GPTw/P8nZ8vC4OO37z+nh0cXOc21EEK"
    "Ky4onKva2mEW9zjitmhFOaBdh9KjaR2GbADuh9/Qb4rYsbSIN2n3xUZih1AzPVs91AGjhw"
    "BaefiM71A9shAg3EFadOO21TtSu4MKpjZW5M5Ys2VdiaUOje85cHL1+/2H+ZvFuTklmv1P"
    "mejMJKW6lO7C2nZONvC8bf1oczlJ9UwRe6ai5XeLHUfJpQk5i3qKs04KHUKypf4N/p6fv3"
    "JbQxT3oFGonarMEjGY3tmQ7dG5NotG6xPyqhEjWqZmCcaM1yyreLVZSTvV6cQG6pSzoG+V"
    "JmSAXm84OWNXZckCZuwEYq8mFUy6ihRGIVOki7WJMVphStlzGXGzKY1V1WLdO1PsfG+Rwf"
    "CaDMK7glqpzLK/1UbgFKMdJlVJKpWYFCTCv12COnY4ljHnFEcNXljIKapYuNo4vPPnZJQE"
    "JZwRhp/VzSGOZEF+ANrYBYiLD6U/YYD9AYuIEg7AkkJA69MlJZVG0FxklupR7pFNUs78zj"
    "nRSxutQzrWnZZxPZRz+/1eRjqhfhnlRyoZiqd0u4pAJskbBIeXi1SnA1etHt1GaXrJYllw"
    "XIxQC2BLfkFS21bBy1XJB+1aadpHIurfBUbgF/xkg3ETab2RPnRF1fICrLnJmFdFagGtN+"
    "PaLJ6ViamUczEVx1SaagZilmsyjmA5BB2zslAIgr3mPqlx7hKZGaSTpqJ5yDPScwGo6XqM"
    "zlnw7QR0CwGHGitr7BBImoVR69ic9lwTUNsRJVVTB8VOem6Kh+E2pT32cM/pEqJx66nqCA"
    "hXKgRJLVpRZSDavn5xoL8otAQ04DzCf6SBAVaId6TRQJ7zYRuFowv4PJXaZdDRBoBiMhr0"
    "IYdRLGnGHMWEq19hZ11WoW9lXPoWXzXMBvPzkwZLYWUqluSO1X5CzQ9ykISIbV8e6vjXhx"
    "JPNS6MerJVG0LOuG5qbD2UD9N3ssaX02vFXTOg2G8BionYQlm3VmmiGvaPcgLr8H0afuTU"
    "30Ux0L/PLAs7JDS++JC7ztV+DOSs8seUanFeluoAVmLS4fvTs+bZ/sPH/d3C9s/4udm5fP"
    "dqewDaMdynVHdl7RDu+lh7dPb0hN8BMVC/vSsN/rBsPNQX3Fieha7bTaNkQfcrPKE8T3AV"
    "bynyCqD7Za+TSxfYilmieI7ANEpp8IqlMR0byLMI3vB8YJ7Yd/EHPe6DhUmybcsjD09Ib1"
    "DcP3ZzyE4tJGEsvieJwE3bKeEdw+3DQx87iLo8vOxfG7TqNk7N4NsOla1JZCm3toFwAXlx"
    "2SWQbZ7JmsLcU2nSEtAGwap14d23Qn6ZYim3M7FwA3G/pfHd7szpctBbjgIy0GcbqicicY"
    "p81tL8g5H38BlAtnSu7Ac8gdaNlSoKcDABVQP85q9bHOndIoWaGOapqzVqVpKrNQ3po0Lc"
    "wYC4TFDfH0qiu7JRx96nQ+p9lcuFp2FTAcVDrIcawiYMQ20YCN4Sp6sZaKpqm9Jq7K+qgT"
    "RJbnsHmoi5t8NhKGsj4+CS2NiNdEfBSG0HwTeSwEeDjpjQT0YKdLOGc8ynwzHkx2EfSph6"
    "lPvBbqSjZyB5kkOyLKTNMjY5UFk4WeUgLhqxA6BNcQoNSD31Ham+7XH1fasleAyVVjiOXA"
    "/KVzxl3BsOs2UZdpK4GKWgyHDsMFhpiDliQc7rHLyZBx2TXowV0qMQWnza+5/mH26oVsPU"
    "anDTAj5WOsYPckLZHykROX0Nslk9LlVG3qnLVOnZNydl075zWtmdfazD0aUrGcnQuqNsvk"
    "etvZL9sU8Pvl+VmVdf3SLQEedSX6H9q+pEwKitmvy+KbsWAm1UDxdRn5pHWAz6hY6FeAnr"
    "OxcDjBNb3znNo2LcI88HYYPTVbAv+8njXA0gYw0906zJNqrEQ8m/MWvxfe0ZGQOhPSRGGp"
    "CenmoL1tZ2RMbPGE9RuVgUdV2Zwfe3T8SG7h+OMbnYBa+2jqcF0hQCYGeO/V/nSIrBDmkw"
    "NCucqKLZr6EMx4QCoyZ9//JW38ba1fKzPjb3y5b1HkNW2cYM3nj2sUJ7CGtoGCLfMa7Wz1"
    "USdLNBREvYxqehIZLQv+8ufxzCcV6mGfUbLQLw39KFwK/JyahX+FGI3aDlGX81MlC/3S0I"
    "tRENRFPtWxwK8w5v8hbu1XbVbLgr/82WDSkw4blX6zc8bx4IyWBX9p8PUpDJWSpXwGPeNQ"
    "a6y0Ymb7zYkVR4ntp9CTrDZ2RuWJI5f7POPiD35R0z78tR7+NVmo+J1dX/qsdH90XNWctU"
    "jxD7t2RCy1UKaukIyJkEgpqag/RkLtCBv5xEPQWLp/uUd9X20rNgmOB0xIgcQg/tJlrIR2"
    "uqAlWj7BHuHd3fLUXg9wzRUWKaCx6UfvHVy2/MGLxO9mi+rjrlIE+Lvjk7AvB/Dz5bMZD1"
    "I2q0zuaYoDbHtJwpkZ6xHRQK21EhHp2ND02oWm14RCL/SXdednRCyVm0mu5pu9K2RFhElp"
    "Np3hL9FXig3hpcRmUhoaZoy/uIgEkWYdVp0HgZufJLpkok5elDPtvV5RHzzJfhIyOVRC3U"
    "HcJkgLoo+G7HRdYAKf9VsfI51LIlvmG8nd3bdwaQ8e3FA5MKZ/VCAzjUd4jCdoYFLTXoXU"
    "Q89aaOVsj4WuqzvVH23GcsSxb7I4dhiXjAq4qDqiQ3U6SoDS8JFBB14wInPRFV8+a5BKZx"
    "1Wyu/v+yIZm9cAuai2Td61TaSx1qjaZGV3i6dN/XQfqNr0RDap1uZha9Ps3S++NnX1o69k"
    "2NTVNnX1o1tg1iKITV29kcPbpq5+FNh1CK4e7ImKhX0TlwTbhFN30CiJYEc1zVkxa5zKzA"
    "tRV5vgjk/8PJXjPvcWxKzcIFC9Slm9M2Azk+nk1yr3Xr1aYLESpCpXK3VdIfA2HNZBOBLf"
    "QnSfP1tkKRikKtHVdVMunCzNoFh9fCWjYg+w1DzA8qgvs5//B63mxNU="
)
