"""Rollups: sums of the facts by day and grouping set, computed from the existing facts."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        SET LOCAL citus.multi_shard_modify_mode = 'sequential';

        -- Waits for a load that is running: its facts must be summed too.
        LOCK TABLE fact_ad_metrics_daily IN SHARE MODE;

        CREATE TABLE rollup_ad_metrics_daily (
            date_id integer NOT NULL,
            -- GROUPING() of the six keys that follow: a bit for each that is summed away, and is 0 then.
            grouping_set smallint NOT NULL,
            region_id integer NOT NULL,
            age_id integer NOT NULL,
            gender_id integer NOT NULL,
            platform_id integer NOT NULL,
            placement_id integer NOT NULL,
            device_type_id integer NOT NULL,
            impressions bigint NOT NULL,
            clicks bigint NOT NULL,
            cost numeric(18, 6) NOT NULL,
            conversions bigint NOT NULL,
            likes bigint NOT NULL,
            facts bigint NOT NULL,
            CONSTRAINT rollup_ad_metrics_daily_pkey PRIMARY KEY (
                grouping_set, date_id, region_id, age_id, gender_id, platform_id, placement_id, device_type_id
            ),
            CONSTRAINT rollup_ad_metrics_daily_grouping_set_check CHECK (grouping_set BETWEEN 0 AND 63),
            CONSTRAINT rollup_ad_metrics_daily_impressions_check CHECK (impressions >= 0),
            CONSTRAINT rollup_ad_metrics_daily_clicks_check CHECK (clicks >= 0),
            CONSTRAINT rollup_ad_metrics_daily_cost_check CHECK (cost >= 0),
            CONSTRAINT rollup_ad_metrics_daily_conversions_check CHECK (conversions >= 0),
            CONSTRAINT rollup_ad_metrics_daily_likes_check CHECK (likes >= 0),
            CONSTRAINT rollup_ad_metrics_daily_facts_check CHECK (facts > 0)
        ) PARTITION BY RANGE (date_id);

        -- A month of the facts has a month here.
        DO $$
        DECLARE
            month record;
        BEGIN
            FOR month IN
                SELECT pg_get_expr(relpartbound, oid) AS bounds,
                       substring(pg_get_expr(relpartbound, oid) FROM 'FROM \\(''?(\\d{6})') AS name
                FROM pg_class JOIN pg_inherits ON inhrelid = oid
                WHERE inhparent = 'fact_ad_metrics_daily'::regclass
            LOOP
                EXECUTE format(
                    'CREATE TABLE rollup_ad_metrics_daily_%s_%s PARTITION OF rollup_ad_metrics_daily %s',
                    left(month.name, 4), right(month.name, 2), month.bounds
                );
            END LOOP;
        END $$;

        WITH facts AS MATERIALIZED (
            SELECT date_id, region_id, age_id, gender_id, platform_id, placement_id, device_type_id,
                   sum(impressions) AS impressions, sum(clicks) AS clicks, sum(cost) AS cost,
                   sum(conversions) AS conversions, sum(likes) AS likes, count(*) AS facts
            FROM fact_ad_metrics_daily
            GROUP BY date_id, region_id, age_id, gender_id, platform_id, placement_id, device_type_id
        )
        INSERT INTO rollup_ad_metrics_daily
        SELECT date_id, grouping(region_id, age_id, gender_id, platform_id, placement_id, device_type_id),
               coalesce(region_id, 0), coalesce(age_id, 0), coalesce(gender_id, 0),
               coalesce(platform_id, 0), coalesce(placement_id, 0), coalesce(device_type_id, 0),
               sum(impressions), sum(clicks), sum(cost), sum(conversions), sum(likes), sum(facts)
        FROM facts
        GROUP BY date_id, GROUPING SETS (
            (), (region_id), (age_id), (gender_id), (platform_id), (placement_id), (device_type_id),
            (region_id, age_id), (region_id, gender_id), (region_id, platform_id),
            (region_id, placement_id), (region_id, device_type_id), (age_id, gender_id),
            (age_id, platform_id), (age_id, placement_id), (age_id, device_type_id),
            (gender_id, platform_id), (gender_id, placement_id), (gender_id, device_type_id),
            (platform_id, placement_id), (platform_id, device_type_id), (placement_id, device_type_id),
            (platform_id, placement_id, device_type_id), (region_id, age_id, gender_id),
            (age_id, gender_id, platform_id), (region_id, platform_id, placement_id)
        );
    """


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        SET LOCAL citus.multi_shard_modify_mode = 'sequential';
        DROP TABLE rollup_ad_metrics_daily;
    """


MODELS_STATE = (
    "eJztXFt34jgS/is6vExyDstJk3SSnX4i6XSG3dw2YWZnpzPHCFuANrbEWCI0p7f/++ri+w"
    "UwhASI8kSkKkn+yvpULpX0veZRB7ms8Rly+BvyGaak9jP4XiPQQ+JHUXUd1OBoFFfKAg57"
    "rpJ3hKD1nJDsMe5Dm4u6PnQZEkUOYraPR1x3VbslCPh00gDdQK0LIHFA1x5CMkCOBXkXeP"
    "QZgQnmQ4CE0BS4FDqADyEHWoqJxm3O6gATgDkDokvCRIlorSFH4VBbDAOTwWt0+EgeSZdB"
    "b+SiLmBwyrQiHyKtBKCPgAcdBMajOuhTH0DQxz7johf6BPa6WHbAG0ET++oJxgT/NUYWpw"
    "MkGvLFc3z9UxRj4qBviIX/jp6sPkaukzIhdmQDqtzi05Eqe/Cg67YJ/6KkJUI9y6bu2COx"
    "xmjKh5REKphwWTpABPmQIydhUTJ23eAFCIv0eEUB98coGqgTFzioD8eufC+kth5BXFazrJ"
    "vbjvVw0bGsWu6dCTUSVg2KbErk+ybGyhQGAzmEvx02T45PRa0aofzn5IfuMAZFiytorltX"
    "V+2bTu2HEpLvsxJTIMeoJt7xNLRneFAKbELpZdANC2J441n2evj+vdk8PDxpHhwen348Oj"
    "n5eHoQoZ2vmoX9WftSIi8EqCANzSihKWLo44maR18QFeLYQ8X4pzUzJnAC1Ub4YwsNMgPb"
    "Tvv64qHTur6TzXuM/eUqvFqdC1nTVKXTTOne8X7aGFEj4N/tzi9A/gv+uL25UHBSxge+6j"
    "GW6/xRk2OCY04tQicWdJKYhMVhUcrMmv8KJhilLoKk2MKxUsa6PaG1WwY9u729StnyrJ2Z"
    "Oje/Xp9d3O99UEYUQpgnZpRcL/pPCW6TBT1oP02g71i5GtqkZbL5Kq/pZUsggQMFn3xO+V"
    "ShZ4G91gBd+nQ8KnQ8EtWzHQ/sWaIHaxCJzvU8WgQIDeBLTsi7CbnaFZZgObCiZbh0oYgV"
    "5q8TwYK66Ytw88PRydHp4fFRtDZEJbOWhPkrscRKWSmPbwd9mwFwpJTBWAx+t5iic/F7J8"
    "UUN7+17s9/ad3vXbd+308x/9XtzWUoniCS86vbs43iDLnOl/CFqprLFU4oNZ8mgAOnn0BX"
    "aohJ2QWYgf+Iv+vrz58LaGOe9Ao0ErRZgUcSGrvjzq+NSRRaz9AdF1CJfKtmYBxpzXIqd4"
    "tVpJO4WZyAnrGNOhr5QmaIBebzg5LVdlyQJp6EjQDtA61aRA0FEqvQQTzEiqyQUzRexlxu"
    "SGCmyio4G0W6xufYOp/jEgmU/RJuCSrn8soglluAUrR0EZUkalagEN1KNfZI6RjimEccAV"
    "xVOSOjZuhi6+jizoU28hDhJYwR188ljVFKdAHeUAqAEgDlT96nvgcmghsQgA4DjEPiFJHK"
    "omorME70KNVIJ6tmeGce78SIVaWevKZhn21kHzV/y8lHVy/CPbHkQjFV5xn5HDNhi4hFis"
    "OrZYKr0YtqpzK7JLUMuSxALhqwJbglrWioZeuo5R4NytJEosq5tOLHcgv4M1q6DiBTeRSR"
    "cyL7ZwDzImdmIZ0VqEa3X41oUjqGZubRTABXVZLJqBmK2S6K+SLIoOVcIwGIzT5D7E6LuK"
    "ZAaibpyNwrCzqWpzUsJ1KZyz9f8DMCHoJs7AvmoH3xhYTkNk895pgBAmrnuR4EZuoR39RB"
    "5E+rPDMdDATShHnWWltPMintDgpvSz4TckBvCjxK+FD2Ee1VNUBnKLsTmEGGfmJg5GMP+l"
    "PwhKZyH2sPO3UQCO/XgXDcRPPiUzHRroJbaHpjxh+JeIe5eIM1/4ZSsrVPoCv3xqArn0+0"
    "rGeZ+N9VskyYWqfGYQ5sKvm671NPocGQkCTl0fOvtXCrJbHEDMK9lyD2lnRqUx/XybD/n6"
    "tk2M1KA9sx+n+V9K/yRQJ7IzFZZF4dq2iGtKLJyFs+I8/F9lNF9GMdA/zywFNWlASJbMHb"
    "bgnugUp2o1rrNALdLbTArK3qi/P2detq78Np/TiTDBe6SkcH+zlsSZCvW/XNTiua13vp19"
    "vFT6gi+JGKgX1p2Nearrg9qK/4WbtReVu7huhrpr68Q3xfIS/gHaL6anuf7xPb19j4eYfI"
    "vkKc+52gmouvpl2EPL5fqI/wgPwTTRXMbSJTMOyioHY+/X3L8P0RvkJhaS2KZflwEgXdkp"
    "6ReHzx0Eh/x91fPHTu2+edWsG7+zLAxjtbOwptatIuAC4sOnKzDLLJE147im38hbQAsHGc"
    "enVs47zUHUU25XYuAG4y9L86vMk8mh0FOOMjLQZxvKPyIhjHze0uyCkffwGUMydUXsBzSB"
    "2P2VGg8wGAEqjfZu+7re7+uKKDWsGWd1xZn7XTre8PsdxAbqEbWOQFJz+rq0z62EVMJs10"
    "v35/VCN4FM081tgQNj8e69+9KUfsUWDUrYOJvNykh2whKDeT+RBhX96vwupqE3oyRCV3sK"
    "y/yxe+NMVs6b5swLl8S1eQlc+XuuEjrWlu+NjoGz76mGA2XMrOGVVj6A03tFu0j/ePh9ub"
    "MvO6hbt4DrY5+B9wMdtiZ7DIpBKKlDVzOXzZdL2MmWQDZ9nInVgSLR/BimtZSm2XgnevvI"
    "2KCUNyMaroSSS0DPjLZ8boq76qYZ9QMtAvDf2YLAV+Ss3AvzT8bOx5VbGPdQzwSwPvo/8i"
    "uzLfJ7UM+MuniqE+t+i44ENiZrZYQsuAvzT4alNOZugXf8bNyHEKlVa8NikIkWyKFWalou"
    "pbk3LocVoZO63yzpFL3Ta9+MTPaprJX2nyb8hJsXvquuPR/LNihXL1WTF0X2kseV5MnqIS"
    "HlXyANdPwY3h+i5wNpR3gMuTTuJVEl1LQaiPdcnD8AxxHcke0gkQDz+NdNFU3h6ej6evvU"
    "d1qXkobglxdbGhbK+HudBgT7LFOx2QePjXlei9e3l/++td++Zyb78L9rq2mHEuHTQug0Ye"
    "EG9Ive7+JzESR1AWkZNRD1e0rV3SRwIncAqGwSFeMvZ6yAcHDbD6Ybbk00TH2uqym0cxkm"
    "9SjomxdajPKWYITKCYZgpdTSMaMIkCdZ1EvyvuPGxAsvAm7ECs7z6mhNnzIM++GD+ru0ur"
    "xvKX5JtUwfUmYJrjGC+Lp0luXweqJgHbHBvYPmzNQaL14msO5795cM4czjeH89/cAuZw/s"
    "693uZw/pvArgJz1WCPVAzs2xjlbiEf28NaQVw7qKnPimTDWGZe4LrcBC+cSf1e0qjXFsQs"
    "3fM6H0K/GNryza7tvBBRzJdvlovIgMup0fz4cQagoR8hpLK5lEFVU9dlAm+jURWEA/EdRP"
    "fDwcEC6AqpUnRVXc6F44VnxMrTghMqJjG4YmLwmy5mP/4PAYsGQw=="
)
