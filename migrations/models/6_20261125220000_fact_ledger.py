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

        -- Which platforms a load had: a re-pull that finds nothing new is also a sign of maturity. Null: not recorded.
        ALTER TABLE ingest_log ADD COLUMN platform_ids integer[];

        INSERT INTO data_change (data_version, changed_at, cause, first_date_id, last_date_id)
        SELECT version, changed_at, 'upgrade', (SELECT min(date_id) FROM fact_ad_metrics_daily),
               (SELECT max(date_id) FROM fact_ad_metrics_daily)
        FROM data_version WHERE version > 0
        ON CONFLICT (data_version) DO NOTHING;
    """


async def downgrade(db: BaseDBAsyncClient) -> str:
    return "ALTER TABLE ingest_log DROP COLUMN platform_ids"


MODELS_STATE = (
    "eJztXWtz27YS/SsYfbJnVE3iPG/8SU7cxL1+ZGzd3rZxhoJISEJNAioBWtX05r/fBUCKD1"
    "EPUrYsyehkphawC4JnycPFAlj80wi4R3zRao/ov8mk8QH902A4IPBHoaaJGng0SstVgcQ9"
    "X4viEXXuYqGekCF2JRT3sS8IFHlEuCEdScqZEr5iBLW/niFQQAddIXlIWnEDont4jLoeHR"
    "Ahu4gKJIcE3Xxp/3T05i3ifUSlQIK4IZEtdMmRHHPVikCUoUgQNMT3RKsIuAWk7qOluuRx"
    "F/pE2eBJrh4x+ldEHMkHBCpD6MO371BMmUf+JiL5Obpz+pT4Xs4C1FMN6HJHTka67IQOzp"
    "j8Wcuqe+s5LvejgKXyo4kccjZVoEyq0gFhJMSSqCvIMFJ2YZHvxxZMTGU6m4qYXmZ0PNLH"
    "ka+sq7RNB9KyhuNcXnWcm9OO4zRmLJ9oZMwRF7mcqacGuio0AAPVhZ/+dXT06tW7oxev3r"
    "5/8/rduzfvX7wHWd3f2ap3P0xnUrRMUxqzs89nlx3VIQ6PpnlkVcEPrYMlNlraGCn6+v8z"
    "+HfI33PQT+QL+MONFfFP0F5kgKQgtUD6Om3ABAvQ7Jz+prEMhPjLVwWXv7avP35pXx9ctH"
    "871DWTuOb86vJzIp5Cf/nx/OpEg5+CLVw+qoT2VMHCXQNuQ3Jl7MJwOClHPNUpQN6bSCL2"
    "C/QTBVkWdMD85Oyyff17OeqJ/IgLOQh1Q42T3zun7QLu8PFQ+Di4BPtPUCNpQMrRz2sWLO"
    "DFqq3kj/2yRufs4vSm0774mjPJp3bnVNUc5ayRlB68Pcy/BtNG0H/POl+Q+on+uLo8LZpt"
    "Ktf5o6H6hCPJHcbHDvaymCTFSVHOzCG553e1zJzXfAAzx99ta+WHsbLy1fp3GX9BFfSwez"
    "fGoefM1PAjPk92tio4CoolmOGBNpJCU/UzdsrhIcIfh5hpR2nGZc/ULnTbtevjpoIrue5K"
    "Cd2TUEAZuLtYItOCB0quFB/QeEgY+MqoRwaYNRFmnvacXayc5IOuz7HXbaIuuNGEqYbNj1"
    "5EfV0ejQYh9kj3sNx339zlb9kt6/ZpKKSj3jeHel3dWtfHuaLQeP1aUguoeujnxHRviOOu"
    "KSl2jHpcDrWSMikaU3jDI2kk1h0vaHvG2FQbORQ1l48hVvmi2EFEI34463zwc5r2g791n4"
    "KcX6fYpcrwZapghy81hi85Vp6FfS7NzejV4rktc6liojt6+frd6/ev3r6e8tu0ZBGtJRSW"
    "gpv9vFXAtqhmoTXQbpHH+Gv8gZ/jMv6afv+X+IwZT2E1pzHk4xY6xe4QKf8r67eJ2DkK+D"
    "383Y1bjj2t9BsIrhll2pGDqzEBKiBV7iE+0rW0OyhwMPJJFwk8EaZl7frpVpVPZ+qNk3rQ"
    "peqashUrHbZQdxDyaATFjiBSpL4ji4IedEYFmXUAmci09VsWct+PRsIEmEGEQMcnysF8jP"
    "jyTYB9f+0I8654h6+O3r2dvtTqx6L3+eaifX6+3OWr5YA/uO+9Hcy5Ee/betvPzNs2hFry"
    "gnHuE8zmTBhMlYrha9DaL4OeXF2d52x5clZ0qv9zcXJ6ffBSGxGEqJzzRuU+WLOIt8MQz5"
    "kumNEswO5TsYvEttjf+/Z9izw+GrQH5LMyQ6nHl6le7PHRwIErOIOp6FKXr80QaKBQceqs"
    "kzZTu4YLozpWaZiSKuzNPPmaI7/5nozCKkyiw6tGNnJKNrqxYnRjezhD+Ulz+EJXLeUKL5"
    "FaThNqEKOW3CSxdCrQ7/DfxcWnTyW0sUx6vch5RR5ZN9LxvJhEo3WP/aiEStRTtQDjqdYi"
    "p3y/WEU52dvFCeSeuqRjkC9lhlRgOT9oWWPHFWniDmykIh9GtYwaSiTWoYO0ixVZYUbReh"
    "lLuSGDWdU1d2W61ufYOZ/jMwGUwzncElcu5ZVBKrcCpRjpMirJ1KxBIaaVauyR07HEsYw4"
    "YriqckZBzdLFztHFVx+7JCBMzmGMtH4paYxyoivwxogLqn4h+IcRqMs+DwO16igkCHsCwf"
    "UILiWWKqprMM/0lqqRT1HN8s8y/kkRq0pBs5qWhXaRhfQLPJ+ETPUqHJRKrhRb9e5JKKkA"
    "W0xppDzMOk9wPXrR7VRml6yWJZcVyMUAVoNb8oqWWnaOWq7JYN46nWnlUloJU7kV/Boj3U"
    "TYbHuceifq+gJRWebQrKSzBtWY9qsRTU7H0swymonhqkoyBTVLMbtFMT8DGbS9CwKAuOIT"
    "pn7pzu8SqYWko5bBOdhzAqPheFOVpfzTAfoICBZRSPQqOK53ekz0yjyXBz3KsBk59RE8Pq"
    "pzM3RUvQm1ok9p6RtQs0kjDM6SEiIe6k1QwJkcKvnplFMLnUkQC2mAw4neQg5aB9Rrolji"
    "sInA2XLNqr6sHLSCb1n2AuaqQSQkdI9JeAyNUiKi1I5RN57oMi+J6hWVgvj95DpUaSu27Y"
    "c80PcsCAiy+THwb41kwiTzgRgkMyhxBC3rkuaGyNng/fd11hnafeyqbhNbUGgwgldCrS4s"
    "WcCz0Ax5Rbsusf66RJ+6dxXRT3Us8PWB52W73D8RF5jZn4M7L93k7hmdVqy7gxZYNOF8+v"
    "Hson1+8PJ9821hSWDi6Lx+cTiDLYtXLVd9svOK9vGu/Xj79I5UBH+qYmGvDfujLjrcHdQf"
    "bMfZFqy+2jdEN7mA5Rniu4HZ/WeI6sZmLp8ntpuYtnmGyG4gSv1MUJ2JjuZdhFl8f+YhoQ"
    "P2b2L2IJ1BjzBzy0LSs4vYdwzfH8kjlJQ2prGsEI+nQbesZwS3DzdNzDju+vSmc332sdMo"
    "eXYfBth0XmpPoc29tCuAi8s2ztRBNrtPa0+xTUdIKwCbxqnXxzZdXbqnyObczhXAzYb+14"
    "c3uwpmTwEu+EirQZzOqDwIxmlz+wtyzsdfAeXCPpMH8Bxym1z2FOjZAMAcqJ9u5vqceIPy"
    "3QKZ2ubSmWo/FVw6P30yQUM+RkHkDuOJ5UwWwiQBYZoKpjD9nDDEB+TRfp+EanpWNNF4SK"
    "G5AIR6BDEywJLel2xu2uC11Yz4NR+bXDac+ROdawZhzyNeC3WGhIZIRAGKRkhylPaCCmgQ"
    "SzTGAt0xPtZT2XHyRZ3QBnTUDLjvJ2nVTb5D1eQtK86nxy5sE2WYVc+wTxMPHR6jDg8lp4"
    "KgkPwVUT3nD3dtRljmwgOVRSedup8zHW53iG7HQiQbn3jE6PpWZQXdDng3PGWk+a4a+lMV"
    "C3tt2O3alyc3gV37Yte+PLkF7NqXvXu87dqXjcG+JavWz3Q61UbJuD+uaS4a89NUZqWUtT"
    "p5LFfD3y+dztc0m6u6F5UKjXndww86S6wagUINjFdDrtIcCj38hD/A3OUpah+obZOSVsIj"
    "q9eIg2REYKQcRoxBgzBkhiEx/CT9SBAPrkLCkIdx8trxcHKIeAgIUF8N7ruSR+7Q5L+NE+"
    "SaPLN9MlannnHmKSUQvmVUqmvA8L3bh99xHtvut39utV1u4ZZvGyMsh+YvfTzQbePH9+6x"
    "OmlhBAP3+HQ1LJOMtwoQe1ratvNAc8H4XT+GswZYcIBXomA3D9XIgB8Sl9D7mkcM5VRtrt"
    "utznWb0nJVO+c1rZm32sx9yqioZ+eCqj0zbLvt7JeNWn65ubqcZ12/dMziUVei/6H9y6Ks"
    "oFj8uSx+GQtmUg0UP5dc97AS8BkVC/0a0Id8LJyQ4IreeU7Njtdrh0n06KsG/nk9a4DaBj"
    "Aj3irMk2qsRTy78xV/FN7RwY4qA9KpQq0B6e6gvW/JLEzw75wPGnMjg6qyuTw46Pix3MoB"
    "QhOk0z6ayoJTiIGJIT5687YYBWuao6XAFRdmoYpe3YPZRJ1cJfR5oUSdXrUsgLiBa+sAY2"
    "aNRebIqqRULzjSkUpo4FjbRqfY4CqhYW+CMLTlEyyIifd51EOMSyh0eagXB62dkMzG/Z44"
    "7hfWO9E8r2njE1s+bt2i+IQ1tA1Q7Jm3akfJT7tOjAmiPkYVPYmMlgW//kIls4a9GvYZJQ"
    "t9begjVgv8nJqFf43YkFppUZXzUyULfW3oRRQEVZFPdSzwazzzfxK38qc2q2XBr79okvSl"
    "w6OSMdzCdZMZLQt+bfD1hjCVp7V8BL1gF1mitOYReLsTo45PwJtBT/LK2BmVZ46c3QD21C"
    "9/Noo+a4QF52gXFesdo707D/CWnaL9C+/d+Lx01XlS1Vw0s/Qn7zkikVopDzojY6KTgqvz"
    "6sGgSKnr7dNIqAV9kQ9l0GwzPjlqyIUUSAyTmZlECB10QUq0fIJVAhDigwMFl+keludO38"
    "xl15jngVZnX5yPcP3y9yYWf5jVxU870RPgvx2fsIEcws/XLxa8PNkdSzlCSmKUR9PNTAum"
    "dOLHtdJkTqxjo/tbF93fEiK95r4fjZafOlEqt5BiQ62xxskTMK4XZicKFyVpNPTE9RDfxz"
    "wH3Y1PkDDsqDbsjNQJW4LIY9TV6vEGF5Uvg0VBr+yg0U1dWM/hJ6IOiGoRjLouvP8+H7Q+"
    "x3U3RLaMTvcY6j14W5nO7gEjP0G9uBNE9cjk8KAeeqFTeJSeoHHLVj9Co9C/JG0IwzIKsW"
    "9Owlgt4Qfcq834sU15KBYc35qxeQWQi2r7NCaxOUm3GlWb9/1h8bRZtB8DVZtJyeYn3z1s"
    "7YkFj4uvzYT05CFgmwnJZkJ6cgvYTEh793jbTEg2peN+w74lIew2Cak7bJQEreOa5qIwNU"
    "5llkWl55vggfdJPZdNUo8WxJy7rGL+xOT89RS7mfooPz159ObNCvOTIDV3glLXFQJvo1EV"
    "hGPxPUT35YtVZn9Bai66um7GhZOlh1HM3/STUbHbfipu+3nSj9mP/wOqJpae"
)
