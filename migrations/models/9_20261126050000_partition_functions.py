"""Partitions: functions that make and drop them with the rights of the tables' owner, for roles that load."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        SET LOCAL citus.multi_shard_modify_mode = 'sequential';

        -- A partition is named for its table and months; nothing else is made or dropped by these functions.
        CREATE FUNCTION partition_table(name text) RETURNS text LANGUAGE plpgsql AS $$
        DECLARE
            parent text := substring(name FROM '^(fact_ad_metrics_daily|rollup_ad_metrics_daily)(?:_[0-9]{2,4}){2,3}$');
        BEGIN
            IF parent IS NULL THEN
                RAISE EXCEPTION '% is not the name of a partition', quote_literal(name);
            END IF;
            RETURN parent;
        END $$;

        -- Empty and attached; or apart, to be filled by those who may insert into the table, and attached then.
        CREATE FUNCTION create_partition(name text, lower integer, upper integer, attached boolean) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER AS $$
        DECLARE
            parent text := partition_table(name);
            key record;
            keys text;
        BEGIN
            IF NOT attached THEN
                EXECUTE format(
                    'CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS,'
                    ' CONSTRAINT %I CHECK (date_id >= %s AND date_id < %s))',
                    name, parent, name || '_months', lower, upper
                );
                FOR key IN
                    SELECT grantee FROM pg_class, aclexplode(relacl) AS granted
                    WHERE pg_class.oid = parent::regclass AND privilege_type = 'INSERT' AND grantee NOT IN (0, relowner)
                LOOP
                    EXECUTE format('GRANT INSERT ON %I TO %s', name, key.grantee::regrole);
                END LOOP;
                RETURN;
            END IF;
            SELECT string_agg(format(
                'CONSTRAINT %I %s', name || CASE contype WHEN 'p' THEN '_pkey' ELSE '_key' END, pg_get_constraintdef(oid)
            ), ', ') INTO keys FROM pg_constraint WHERE conrelid = parent::regclass AND contype IN ('p', 'u');
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS, %s)', name, parent, keys);
            EXECUTE format(
                'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', parent, name, lower, upper
            );
        END $$;

        CREATE FUNCTION attach_partition(name text, lower integer, upper integer) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER AS $$
        DECLARE
            parent text := partition_table(name);
            key record;
        BEGIN
            FOR key IN
                SELECT pg_get_constraintdef(oid) AS definition, name || CASE contype
                    WHEN 'p' THEN '_pkey'
                    WHEN 'u' THEN '_key'
                    ELSE (
                        SELECT '_' || attname || '_fkey' FROM pg_attribute WHERE attrelid = conrelid AND attnum = conkey[1]
                    )
                END AS constraint_name
                FROM pg_constraint WHERE conrelid = parent::regclass AND contype IN ('p', 'u', 'f')
                ORDER BY contype = 'f', contype, oid
            LOOP
                EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I %s', name, key.constraint_name, key.definition);
            END LOOP;
            EXECUTE format(
                'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', parent, name, lower, upper
            );
            -- With this constraint, ATTACH needed no scan.
            EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', name, name || '_months');
            EXECUTE format('ANALYZE %I', name);
        END $$;

        CREATE FUNCTION drop_partition(name text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN
            EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', partition_table(name), name);
            EXECUTE format('DROP TABLE %I', name);
        END $$;

        DO $$
        DECLARE
            signature text;
        BEGIN
            FOREACH signature IN ARRAY ARRAY[
                'create_partition(text, integer, integer, boolean)', 'attach_partition(text, integer, integer)',
                'drop_partition(text)', 'partition_table(text)'
            ] LOOP
                -- Whoever calls it cannot put other tables in the way, and nobody may but the owner and whom it lets.
                EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', signature, current_schema());
                EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
            END LOOP;
        END $$;
    """


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP FUNCTION create_partition, attach_partition, drop_partition, partition_table;
    """


MODELS_STATE = (
    "eJztXW1z4jgS/isqvlxSxVGzmdebfCIz2dnc5WUr4fZubjKFBRagiy2xlhyW2pv/fmrJxi"
    "/YgA0hQLQ1VRusbll+2m61ulutPxs+d4knWu0x/QeZNj6iPxsM+0T9kWtpogYej5PrcEHi"
    "nqdJ8Zh2HyKinpAB7kt1eYA9QdQll4h+QMeScgbEN4yg9q8XSDGgI0dIHpBW1IFwjk+R49"
    "IhEdJBVCA5Iujul/ZfT96+Q3yAqBRIkH5AZAtdcyQnHHoRiDIUCoJG+JFoFqEeAcFztGBI"
    "Lu+rMVE2fJa7h4z+HpKu5EOiGgM1hm/f1WXKXPIHEfHP8UN3QInnZiRAXehAX+/K6VhfO6"
    "PDCyZ/1rTwbL1un3uhzxL68VSOOJsxUCbh6pAwEmBJ4A4yCEEuLPS8SIKxqMxgExIzyhSP"
    "SwY49EC6wG0GkFxrdLvXN53u3Xmn223MST7mSIkjutTnDN4aNVShARjCEP76t5OT16/fn7"
    "x6/e7D2zfv37/98OqDotXjnW96/8MMJkHLdKUxu/hycd2BAXH1appXFi780DxYYsOlhZGg"
    "r/8/h3+H/FGCfkyfw189WB7/GO1FAogvJBJIPqctiGABmp3zf2ssfSF+9+DC9W/t20+/tG"
    "+Prtr/PtYt06jl8ub6S0yeQH/96fLmTIOfgC36fFwJ7RmDhbsG3EbJFWkXhoNpMeIJTw7y"
    "3lQScVignwFkadAV5mcX1+3br8Wox/RjLuQw0B01zr52zts53NXkAfh0cQH2n1WLpD4pRj"
    "/LmZOAG7G24j8OSxqdi6vzu0776teMSD63O+fQcpKRRnz16N1x9jOYdYL+ddH5BcFP9J+b"
    "6/O82GZ0nf80YEw4lLzL+KSL3TQm8eX4UkbMAXnkD7XEnOXcgJijedtKeTNSBltt8JCyF+"
    "BCD/cfJjhwu3Mt/ISX0c43+Sd+/gpmeKiFBGjCOCOjXL1E+NMIM20ozZnsqdaFZrs2ffoJ"
    "4UqmOzChRxIIdU2Zu1gi04OrmPpSfESTEWHKVkY9MsSsiTBzteXcx2AkHzkex67TRI4yow"
    "mDjs2PXkg9fT0cDwPsEue42Hbf3u3v2T1zBjQQsgvfW5e6ju7N8XDmUmCsfk2pCaBdjXNq"
    "hjfC0dCAip2iHpcjzQQiRROqvvBQGop11wtanhE21VYOec7la4hVZhS7iGhEL2edCT/DaS"
    "f8nZsKMnYdaJcqy5cZg12+1Fi+ZLTyPOylam6Or5ae2zGTKlJ0Jz+9ef/mw+t3b2b6bXZl"
    "kVqLVVgCbnp6q4Btns1Ca6DdIYvxt2iCLzEZf0vm/yU2Y8pSWM1oDPikhc5xf4TA/krbbS"
    "Iyjnz+qP52op4jSyuZA5VpRpk25NTdmFAsiqrYQnyie2lzUGB/7BEHCTwVpmdt+ulewaYz"
    "7cZIPXIo3FO2IqbjFnKGAQ/H6nJXECkS25GFfk8NBpzM2oFMZNL7PQu454VjYRzMioSogU"
    "/BwHwK//Kdjz1vbQ/zvliHr0/ev5t91PBj0fd8d9W+vFxu8tUywDdue++G5tyK9W2t7Rdm"
    "bRuFWvCBce4RzEoCBjOmvPtacR2WQM9ubi4zsjy7yBvV/7w6O789+kkLURFRWfJFZSasec"
    "TbQYBLwgVznDnYPSr2UbEttve+fd8hi494FCyFQnMvblts66WpVrLzfEw9JDni6m/1Qatv"
    "XjQRD/TvvjIswHzBaEJ6I84fmmigmjASHpctdAMtAQHbzEUi7M361h0w1UMT3HojLNQPRN"
    "1i42+bAzAWoVTvrs4WcMaEuWooDgqZVKNwmFr9d2UwNSalI+LmyYgqGxGbsQoSKIiRxA/E"
    "JBzA1chtyfQFAtapYladgENSNRPXgSE5IXtQKhI8mKpLZe86JAh44CDyx9hTL2ypP/FbI/"
    "140XoNQDDSDxRl47tNUtgdC6fc2CwQ5OqiKGA+oFX7lm3PR0omVTyAMb11ANZJF4mUVRUT"
    "P+axxv1OG/fR/FPhS0o47LdU51sCC6YK3jMGC3cNuLGUxB8XLaZK5+k0yyF5hzYWslB3q+"
    "X1SfPZXJtdnhVSa6mqQs6x2ul/pwWtl7BVZqMZQ63ZaI8+2U1NRrvinqJ+e0i+gJewUeSh"
    "SjU3FzqpqN9Vd+gOZ6RLPVVthhQHCsDlP+9GmmtdI8IGA6sURU8YDsZDsuYsX+77AKyCOH"
    "lxVXWRYbIG7N7pDJjrS/TF52hZslhXuDHVcjUBMXbYERanelKBvqr/rq4+fy5QG8uo10vs"
    "rKhH1k3EeVmaRKP1iL2wQJXAW7UA4xnXIrvysLQK2Im7pRPII+2TjkG+UDMkBMv1g6Y1cl"
    "xRTTwoGUFgybAWqYYCinXUQTLEilphjtFaGUt1QwqzqltCi3itzbF3NscXolAOSnRL1LhU"
    "rwwTuhVUiqEuUiWpljVUiOmlmvbI8FjFsUxxRHBV1Rk5Nqsu9k5d/OrhPvEJkyUaI2lfqj"
    "TGGdIV9MaYCwq/kPqHkWKXAx74sCkugIQYgdT9CC5ULFVY19A8s0eqpnzybFb/LNM/CWJV"
    "VdA8p9VC+6iF9AdcroRM8yo6KKFcybfqPpJAUqFkMVMjxW7WMsL11Ivup7J2SXNZ5bKCcj"
    "GA1dAtWUarWvZOtdySYdk2slnjUrUSJHQr2DWGuomwSZKdWSdwf4GoLDJoVuJZQ9WY/qsp"
    "mgyPVTPL1EwEV1Ulk2OzKma/VMzPShm03SuiAOmLz5h6hXsYCqgWKh3YpdnFbtc3HF13xr"
    "JU/3QgL59gEQZEb9LkuhDJVGfp97nfowybldMAqdcHBjenjqp3AdsLgEs/AESTxlgZS0BE"
    "XNSbIp8zOQL6WciphS6kIguoj4OprnCouI6o20QRxXETKWOrbzadpulgV8Q9S9/A3NUPhV"
    "TDYxJHmxFmJMB2ipwo0GU+EhgVlYJ4g/g+FLhB2w4C7utnFkQRsnIf+LdGHDBJTRDDOIIS"
    "edDSJmlmiZx23tsdDDuUJ1+u4qk/hl06auwFKZELxZBlPKTEyG1vm/Vo/6Ei+gmPBb4+8L"
    "yoCONn0lea2SvBnRfWYHQNTyvi3UMJLAo4n3+6uGpfHv30ofkut2M1NnTevDqew5ZFm+qr"
    "vtlZRvt61369PfpAKoI/Y7Gw14b9SZMO9wf1je0u2IHsq0NDdJsJLC8Q3y1E918gqluLXL"
    "5MbLcRtnmByG7BS/1CUJ3zjmZNhHl8f+YBoUP2D2JK5FyoEWHWL3JJzyex7xm+P+JXKL7a"
    "mPmyAjyZOd3SlpF6fPXQxKzjbs/vOrcXnzqNgnd3M8AmcakDhTbz0a4ALi7aOFMH2fQ+rQ"
    "PFNlkhrQBs4qdeH9sku/RAkc2YnSuAm3b9rw9vOgvmQAHO2UirQZxEVDaCcdLd4YKcsfFX"
    "QDm3z2QDlkNmk8uBAj3vACiB+vki15fEHRbvFki1NpdGqr2EcGl8+myKRnyC/LA/igLLqU"
    "My4vMxkkrFufBzrCE+IpcOBiSA8KyIa8r5iqhHECNDLOljweamLd4bIuK3fGJKLXPmTXUp"
    "ZKjzR9wW6owIDZAIfRSOoQRgMgoqVIdYogkWSFfM00dxmCJ7ut6y4oEIuOfFp/6Z4zigy3"
    "uWj6dHJmwTpTSrjrDP6mIfn6IODySngqCA/B5SHfOHCoR6hWVuPIQiz0noviQcbneI7kYi"
    "kvVPPKF3facOrdkNeLccMtL6rhr6MxYLe23Ybe7Ls4vA5r7Y3Jdnl4DNfTm419vmvmwN9h"
    "3JWr/Qp/00Ctb9UUtz0ZqfJjQrVdrXZxtxWP7+0un8mhw2BM8CpdCY6xx/1IcYwQpUtaj1"
    "asChUp/Qy0/1hxJ3cRH9DfWdq4+vKEOiVspByJjqUC2ZdUn9gAxCQVx1l6h6vT5baTKaHk"
    "ONe1PuvoUcycP+yBzPFJ3fZI5BGpAJEkS9e64whfXvGZVwD7V8dwbqd3TMkvPtz3stl3v1"
    "yPeNMZYj85c+vfq+8eO7cwoHgY7Vwt0xbgAs4wOZAJCnOGzJZplvVv0uqJNvixw/9eahbO"
    "C2T+hjzROwM6y2XOtOl2tN1HJVOWc5rZh3WswDyqioJ+ccqy2zvdty9opWLX+/u7kuk65X"
    "uGZxaV+i/6HDO+QLoFg8XeZnxpyYoIP8dMn1CCsBn2Kx0K8BfcAnohsQXNE6z7DZ9XptN4"
    "lefdXAP8tnBVBbAGbFW0XzJBxrKZ79mcWfRO/Ycw5eSDEL4/y75MNGqWcQGpvLnYNdL6Jb"
    "2UFonHTaRoMqODkfmBjhk7fv8l6wpjn5XJniwiSq6OwezKZwsDocQu4iAoerL3MgbuHe2s"
    "GYyrFInageX9UJR9pTqTo41bLRJTY4FDTsTfWJnx7Bghh/n0tdxLhUF/s80MlBaxcks36/"
    "Z/b7BbLWujXLaf0TO75u3SH/hBW0dVAcmLVqV8nPmyfGBIHJqKIlkeKy4NdPVDI57NWwTz"
    "FZ6GtDH7Ja4GfYLPxr+IYg06Kqzk+YLPS1oReh71dFPuGxwK/xzv+X9CtPtWkuC379pEky"
    "kF0eFqzhFuZNprgs+LXB1xvCoE5r8Qp6wS6ymGnNI/D2x0cdnYA3h57klbEzLC8cObsB7L"
    "k//rQXfV4I7SDA06VbHIvcLAcXDFTQffu+O9Glv/PenccLs87jpuaiyNJ/ea8rYqqV6qAz"
    "MiG6KLg/hl33LgJ2vX0aCUjoCz11TXXbjE6OGnEhBRKjODITE6EjR1GJlkcwFAAhnjKg1G"
    "2c4+La6du57RpxHtXr/IfzSd2/+LuJyDeTXfy8gR4f/9H1CBvKkfr55tWCjye9YymjkGIf"
    "5clsM9OCkE70ulYK5kQ81ru/c979HVGkt9zzwvHyUycK6Raq2EBzrHHyhFrXC7MThYuCMh"
    "o6cD3Cj5GeU8ONTpAw2hE27IzhhC1B5ClyNHu0wQXqZbDQ7xUdNLqtG+sYfkzaVaSaBCOn"
    "r75/jw9bX6K2OyJbhsc5Ve2u+lqZru6hVn6CutEgCIzI1PCgLnqlS3gUnqBxz1Y/QiM3vr"
    "hsCMMyDLBnTsJYreCHelZb8WOX6lAsOL41JfMKIOfZDmlNYmuS7jSqtu77ZvG0VbSfAlVb"
    "ScnWJ98/bO2JBU+Lr62E9OwuYFsJyVZCenYJ2EpIB/d620pItqTjYcO+Iy7sO/xI3N8omT"
    "QK/NZJY3ORs1oAWfcxplvhZHbNgYADHTlC8oC04IeAElHmxOAh+Yuu/hRMkREZCmGRjLA+"
    "ib3o5PaN9LmGb7X4vPHyYN5mDxrfoWjeT69WCecpqtJ4nm5b7GmVVHqVajPNGGxtphq1mf"
    "RXUwXuGYOFuwbcUSp6jZ1pWU4burah65J5P+yl4Z+f+tPti2f/POXS+f9fI25OMsB6ujaR"
    "zsmIsI8ISxOS9bgJGzv9gDPY4s3iUK2EedsB9EEqzrwlsNHedaRZ4gA6NBvFfUw9OD0CHE"
    "gQsA2aaELlCKLPgvQDIp34JApBhyw6RIIK1TmTTR3f/eftZQs5WErcHzmzwyN44M9qR94z"
    "uIsyVgwR+FkVBwx7Rh+lNumEpiimLpCSDVULUErEKeoR1aUJcA9oAOU2AYPo6IpEYopuiJ"
    "ndr77ry4VFtlBsea86N8f0dmquMzUHRRnH5WDH9BbsGmBHmnce7wXJxSmeennFewa6zizO"
    "bAPT01CRQmY4KAEt4clhpuusrADa/iRjn0Xb12cvqnpPzy6u27dfi9/Us4Lt7mdfO+ftfC"
    "aFnqurqIaEw5Znqq4bbErvQa2LsnMswfUK8GQ5rZh3WsxjDEX8a0g5w2iLA++ajHfExdFW"
    "K+H+qFHg3IhamovcGjihWebQKBfshpfUL2U9/WT52aU7RsvDNOVbRfdzCZeN1Zy8fbtCrE"
    "ZRlcZqdFvOEh6PqyAckR8guhuMhGWyU2ThOdvl9cxSLLaiWcWKZs86mf34P2OdfK8="
)
