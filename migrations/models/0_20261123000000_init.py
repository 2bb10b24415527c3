"""The schema: dimensions, partitioned facts, the data version and the log of loads."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        SET LOCAL citus.multi_shard_modify_mode = 'sequential';

        -- Aerich's own table, as Aerich would make it; a migration is applied once, whoever runs it.
        CREATE TABLE IF NOT EXISTS aerich (
            id serial PRIMARY KEY,
            version varchar(255) NOT NULL,
            app varchar(100) NOT NULL,
            content jsonb NOT NULL
        );
        CREATE UNIQUE INDEX IF NOT EXISTS aerich_app_version_key ON aerich (app, version);

        CREATE TABLE dim_date (
            date_id integer CONSTRAINT dim_date_pkey PRIMARY KEY,
            date_value date NOT NULL CONSTRAINT dim_date_date_value_key UNIQUE,
            CONSTRAINT dim_date_date_id_check CHECK (
                date_id = extract(year FROM date_value) * 10000 + extract(month FROM date_value) * 100
                          + extract(day FROM date_value)
            )
        );

        -- In all dimensions: labels sort by code point on every server, and are unique without regard to case;
        -- number 0 is kept free, since the rollups use it for "all".

        CREATE SEQUENCE dim_region_region_id_seq AS integer;
        CREATE TABLE dim_region (
            region_id integer DEFAULT nextval('dim_region_region_id_seq') CONSTRAINT dim_region_pkey PRIMARY KEY,
            region_name text COLLATE "C" NOT NULL,
            CONSTRAINT dim_region_region_id_check CHECK (region_id > 0),
            CONSTRAINT dim_region_region_name_check CHECK (region_name <> '')
        );
        ALTER SEQUENCE dim_region_region_id_seq OWNED BY dim_region.region_id;
        CREATE UNIQUE INDEX dim_region_region_name_key ON dim_region (lower(region_name COLLATE "default"));

        CREATE SEQUENCE dim_age_group_age_id_seq AS integer;
        CREATE TABLE dim_age_group (
            age_id integer DEFAULT nextval('dim_age_group_age_id_seq') CONSTRAINT dim_age_group_pkey PRIMARY KEY,
            age_range text COLLATE "C" NOT NULL,
            CONSTRAINT dim_age_group_age_id_check CHECK (age_id > 0),
            CONSTRAINT dim_age_group_age_range_check CHECK (age_range <> '')
        );
        ALTER SEQUENCE dim_age_group_age_id_seq OWNED BY dim_age_group.age_id;
        CREATE UNIQUE INDEX dim_age_group_age_range_key ON dim_age_group (lower(age_range COLLATE "default"));

        CREATE SEQUENCE dim_gender_gender_id_seq AS integer;
        CREATE TABLE dim_gender (
            gender_id integer DEFAULT nextval('dim_gender_gender_id_seq') CONSTRAINT dim_gender_pkey PRIMARY KEY,
            gender_name text COLLATE "C" NOT NULL,
            CONSTRAINT dim_gender_gender_id_check CHECK (gender_id > 0),
            CONSTRAINT dim_gender_gender_name_check CHECK (gender_name <> '')
        );
        ALTER SEQUENCE dim_gender_gender_id_seq OWNED BY dim_gender.gender_id;
        CREATE UNIQUE INDEX dim_gender_gender_name_key ON dim_gender (lower(gender_name COLLATE "default"));

        CREATE SEQUENCE dim_platform_platform_id_seq AS integer;
        CREATE TABLE dim_platform (
            platform_id integer DEFAULT nextval('dim_platform_platform_id_seq') CONSTRAINT dim_platform_pkey PRIMARY KEY,
            platform_name text COLLATE "C" NOT NULL,
            CONSTRAINT dim_platform_platform_id_check CHECK (platform_id > 0),
            CONSTRAINT dim_platform_platform_name_check CHECK (platform_name <> '')
        );
        ALTER SEQUENCE dim_platform_platform_id_seq OWNED BY dim_platform.platform_id;
        CREATE UNIQUE INDEX dim_platform_platform_name_key ON dim_platform (lower(platform_name COLLATE "default"));

        CREATE SEQUENCE dim_placement_placement_id_seq AS integer;
        CREATE TABLE dim_placement (
            placement_id integer DEFAULT nextval('dim_placement_placement_id_seq') CONSTRAINT dim_placement_pkey PRIMARY KEY,
            placement_name text COLLATE "C" NOT NULL,
            CONSTRAINT dim_placement_placement_id_check CHECK (placement_id > 0),
            CONSTRAINT dim_placement_placement_name_check CHECK (placement_name <> '')
        );
        ALTER SEQUENCE dim_placement_placement_id_seq OWNED BY dim_placement.placement_id;
        CREATE UNIQUE INDEX dim_placement_placement_name_key ON dim_placement (lower(placement_name COLLATE "default"));

        CREATE SEQUENCE dim_device_type_device_type_id_seq AS integer;
        CREATE TABLE dim_device_type (
            device_type_id integer DEFAULT nextval('dim_device_type_device_type_id_seq') CONSTRAINT dim_device_type_pkey PRIMARY KEY,
            device_type_name text COLLATE "C" NOT NULL,
            CONSTRAINT dim_device_type_device_type_id_check CHECK (device_type_id > 0),
            CONSTRAINT dim_device_type_device_type_name_check CHECK (device_type_name <> '')
        );
        ALTER SEQUENCE dim_device_type_device_type_id_seq OWNED BY dim_device_type.device_type_id;
        CREATE UNIQUE INDEX dim_device_type_device_type_name_key ON dim_device_type (lower(device_type_name COLLATE "default"));

        CREATE SEQUENCE fact_ad_metrics_daily_id_seq;
        CREATE TABLE fact_ad_metrics_daily (
            id bigint DEFAULT nextval('fact_ad_metrics_daily_id_seq'),
            date_id integer NOT NULL,
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
            CONSTRAINT fact_ad_metrics_daily_pkey PRIMARY KEY (id, date_id),
            -- The natural key. Its order also serves filters and keyset pages.
            CONSTRAINT uid_fact_ad_met_date_id_d56733 UNIQUE (
                date_id, region_id, age_id, gender_id, platform_id, placement_id, device_type_id
            ),
            CONSTRAINT fact_ad_metrics_daily_impressions_check CHECK (impressions >= 0),
            CONSTRAINT fact_ad_metrics_daily_clicks_check CHECK (clicks >= 0),
            CONSTRAINT fact_ad_metrics_daily_cost_check CHECK (cost >= 0),
            CONSTRAINT fact_ad_metrics_daily_conversions_check CHECK (conversions >= 0),
            CONSTRAINT fact_ad_metrics_daily_likes_check CHECK (likes >= 0),
            CONSTRAINT fact_ad_metrics_daily_date_id_fkey FOREIGN KEY (date_id) REFERENCES dim_date (date_id),
            CONSTRAINT fact_ad_metrics_daily_region_id_fkey FOREIGN KEY (region_id) REFERENCES dim_region (region_id),
            CONSTRAINT fact_ad_metrics_daily_age_id_fkey FOREIGN KEY (age_id) REFERENCES dim_age_group (age_id),
            CONSTRAINT fact_ad_metrics_daily_gender_id_fkey FOREIGN KEY (gender_id) REFERENCES dim_gender (gender_id),
            CONSTRAINT fact_ad_metrics_daily_platform_id_fkey FOREIGN KEY (platform_id) REFERENCES dim_platform (platform_id),
            CONSTRAINT fact_ad_metrics_daily_placement_id_fkey FOREIGN KEY (placement_id) REFERENCES dim_placement (placement_id),
            CONSTRAINT fact_ad_metrics_daily_device_type_id_fkey FOREIGN KEY (device_type_id) REFERENCES dim_device_type (device_type_id)
        ) PARTITION BY RANGE (date_id);
        ALTER SEQUENCE fact_ad_metrics_daily_id_seq OWNED BY fact_ad_metrics_daily.id;

        CREATE TABLE data_version (
            id smallint CONSTRAINT data_version_pkey PRIMARY KEY,
            version bigint NOT NULL,
            changed_at timestamptz NOT NULL,
            sample boolean NOT NULL,
            CONSTRAINT data_version_id_check CHECK (id = 1)
        );
        INSERT INTO data_version VALUES (1, 0, now(), false);

        CREATE SEQUENCE ingest_log_id_seq;
        CREATE TABLE ingest_log (
            id bigint DEFAULT nextval('ingest_log_id_seq') CONSTRAINT ingest_log_pkey PRIMARY KEY,
            started_at timestamptz NOT NULL,
            finished_at timestamptz NOT NULL,
            files jsonb NOT NULL,
            rows_read bigint NOT NULL,
            inserted bigint NOT NULL,
            changed bigint NOT NULL,
            unchanged bigint NOT NULL,
            summed bigint NOT NULL,
            rejected bigint NOT NULL,
            left_out bigint NOT NULL,
            date_from date,
            date_to date,
            data_version bigint NOT NULL
        );
        ALTER SEQUENCE ingest_log_id_seq OWNED BY ingest_log.id;
    """


async def downgrade(db: BaseDBAsyncClient) -> str:
    # Aerich's own table stays: Aerich then deletes this migration's row from it.
    return """
        SET LOCAL citus.multi_shard_modify_mode = 'sequential';
        -- Migration 6 keeps these two.
        DROP TABLE IF EXISTS fact_ledger, data_change;
        DROP TABLE ingest_log, data_version, fact_ad_metrics_daily, dim_date, dim_region, dim_age_group, dim_gender,
                   dim_platform, dim_placement, dim_device_type;
    """


MODELS_STATE = (
    "eJztXFtT2zgU/iuavCzMZBkI122fAgQ2u4R0INvttnQcxVYcLbaUWgo00+W/ryTfb4mdQE"
    "qCeQrS+WT7O9In+ehYP2o2NZDFds4hhx+RwzAltXfgR41AG4kfWdV1UIPjcVgpCzgcWMre"
    "EIbaQ8RywLgDdS7qhtBiSBQZiOkOHnP3UrUuQcChjzug78H6ABID9PURJCYyNMj7wKYPCD"
    "xiPgJIGE2BRaEB+Ahy4Fox0bjOWR1gAjBnQFySMFEiWtuRd2FQXdwGJuYqLnhH7kifQXts"
    "oT5gcMpcIB8hFwSgg4ANDQQm4zoYUgdAMMQO4+Iq9B5s9bG8AN/xmthWTzAh+NsEaZyaSD"
    "TkiOf48lUUY2Kg74j5/47vtSFGlhFzITZkA6pc49OxKru1oWW1Cb9Q1pKhgaZTa2KTEDGe"
    "8hElAQQTLktNRJADOTIiHiUTy/I6gF/k3q8o4M4EBTdqhAUGGsKJJfuFRLt3EJbVNO2629"
    "NuWz1Nq6X6jI+IeNUr0imR/U3cK1McmPIWft1vHB+diFp1h/Kf4yf3giEprrmiptO8umpf"
    "92pPykj2Z2WmSA5ZjfTxOLWn2MwlNgJ6Hnb9gpDecJStjt/fGo39/ePG7v7RyeHB8fHhyW"
    "7AdrpqFven7UvJvDCgQjRcRfFdEVIfDtQ0+0KoEMc2yuY/jky4wPCgO/6PNXTIDG577U7r"
    "ttfsfJDN24x9sxRfzV5L1jRU6TRRunW0HXdG0Aj4u937Hch/wefudUvRSRk3HXXF0K73uS"
    "bvCU441Qh91KAR5cQv9otibnb1L2OAUWohSLI9HIIS3h0I1GY59LTbvYr58rSdGDrXf3VO"
    "Wzdbe8qJwgjzyIiS88XwPqJtsmAA9ftH6BhaqoY2aJ5tuspu2MkSSKCp6JPPKZ/KX1lgu2"
    "miS4dOxpkLj0j17IUHtjVxBc0MTOeuPJoECARwpCaklwmp2iWmYHljWdNw7kQRAubPE96E"
    "+ton4cbewfHByf7RQTA3BCWzpoT5M7HkSnkpzW8PfZ9BcABKcCxufrOUotf61IspxfXH5s"
    "3Z782brU7z03ZM+a+615e+eURIzq66p69KM+Q8n6MXqmquVhi+1XyZAAacvgd9iRCDsg8w"
    "A/+Iv07n/DxDNuZZLyEjXpsldCSC2Jzl/IspiWLrAVqTDCmRvWoGxwFq1qJys1RFLhJfly"
    "agB6yjnst8pjKEBvP1Qdm6fiwoE/fCR4AOgQvNkoYMi2XkILzFkqqQAlarjLnaEOFMlZVY"
    "bGRhqzXH2q05LpFg2cnRFq9yrq6YoV0BSXGts6QkUrOEhLitlFOPGKYSjnnC4dFVVjMSsE"
    "ou1k4uPlhQRzYiPEcxwvq5ojGOmRbQDQUAlAAof/IhdWzwKLQBAWgwwDgkRpaoFIUtoTjB"
    "o5QTnSSs0p15uhMyVlZ60shKfdZRfdT4zRcft7qI9oSWhWKqxgNyOGbCF4GKZIdX8wyXkx"
    "fVTml1iaIqcSkgLi5hC2hLHFhJy9pJyw0y89JEgsq5suKEdgXWM651HUCm8iiCxYm8PgOY"
    "Zy1mCmGWkBq3/XJCE8NUMjNPZjy6yopMAlZJzHpJzIUQg6bRQYIQnZ1DbE2ztCbDaqboyN"
    "wrDRqa7SI0I4DM1Z8L/ICAjSCbOEI56FC8ISG5zVMPNcZEQO08173ATD3QmzoI1tMqz8wN"
    "BgLpwrRqvdiVZFLaByhWW/KZkAEGU2BTwkfyGsFe1Q7ojeTlBGeQoV8YGDvYhs4U3KOp3M"
    "fawkYdeMbbdSAWbqJ58aoYaVfRLZD2hPE7IvowFz3Y1V/fSrb2HvTl3hi05POJlt1RJv63"
    "lC0TrnZT4zAHOpV6PXSordhgSFiS/Oj5l5q/1RKZYkx/78WLvUUXtbGX62jY/+syGXaz0s"
    "A2TP5Xkv6VP0lgeywGi8yrYyXdEAdWGXmLZ+RZWL8vyX6IqYhfnHjKspIgkS5028rh3YMk"
    "N6pdzI6HXUMPzNqqbp21O82rrb2T+lEiGc5fKh3sbqe4JV6+btmeHQdW3Xvh7m3he1SS/A"
    "BS0b4w7S+arrg+rC/5Wvuq8rY2jdFVpr68QX5XkBfwBlld2d7n2+R2FRs/b5DZFcS53wir"
    "qfhqfImQ5veCOgib5E80VTS3iUzB0LOC2un09zXj98nvQn5pLYhlOfAxCLpFV0bi8cVDI/"
    "c97qZ127tpn/VqGX33eYgNd7Y2lNrYoC1ALsz65GYRZqNfeG0ot+EbUgFiwzj18tyGeakb"
    "ymxs2VmA3Gjof3l6o3k0G0pwYo1UjOJwR+VZOA6b21ySY2v8AiwnvlB5hpVD7POYDSU6HQ"
    "DIofrn7H231dkfV9SsZWx5h5X1WTvd7vkhmuXZFTqBRR5w8k4dZTLEFmIyaab/5ceduoM7"
    "0cxdjY1g4/DI/T2YcsTuBEf9OniUh5sMkC4M5WYyHyHsyPNVWF1tQj+OUM4ZLC9/yWc+NK"
    "Xa0n3egHP+lq4QK4cvdMJHHFmd8PGqT/gYYoLZaCE/J6CVo1+5o62sfbw/brvXee61Mnfx"
    "DKxz8B+wMFvjxWCWSyUVMW+mcviS6XoJN8kGTpOROzElag6CJeeyGGyTgncr3kbFhCE5GZ"
    "VcSURQFfmLZ8a4R32V4z4CqqhfmPoJWYj8GKyif2H62cS2y3IfYiriFybeQf8ivbTeR1EV"
    "+YuniqEh1+gk40ViZrZYBFWRvzD5alNOZuhnv8bNyHHyQUsem+SFSF6LF2alorqnJqXY47"
    "Q0dy7kjTMXO226+MBPIqvBX2rwv5IvxZrIwfqolhEq92rqs+LkMLSZFyPPd8Ezx5jfSoD5"
    "xT4ZzVWDsxF0sqnNl4H1/FRUjJfvmoWIyeXQaBweziDUjzIJq2SUyatquHWJDPHxuAzDnv"
    "kGsru3u1uAXWGVy66qS315wjN3z/MDphFIFTItGTL9qZPZ0/8AQcET"
)
