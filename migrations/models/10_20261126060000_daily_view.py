"""For BI tools: the view `ad_metrics_daily`, and comments on all tables and columns.

The texts are those of the catalogue, as a test compares; a change there needs another migration.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        CREATE VIEW ad_metrics_daily AS
        SELECT date_value AS date, region_name AS region, age_range, gender_name AS gender, platform_name AS platform,
               placement_name AS placement, device_type_name AS device_type,
               impressions, clicks, cost, conversions, likes
        FROM fact_ad_metrics_daily
        JOIN dim_date USING (date_id)
        JOIN dim_region USING (region_id)
        JOIN dim_age_group USING (age_id)
        JOIN dim_gender USING (gender_id)
        JOIN dim_platform USING (platform_id)
        JOIN dim_placement USING (placement_id)
        JOIN dim_device_type USING (device_type_id);

        COMMENT ON TABLE dim_date IS 'The days that facts have.';
        COMMENT ON COLUMN dim_date.date_id IS 'The day as YYYYMMDD.';
        COMMENT ON COLUMN dim_date.date_value IS 'The day the ad was shown.';
        COMMENT ON TABLE dim_region IS
            'The labels of the dimension region: where the viewer was, as the platform names it.';
        COMMENT ON COLUMN dim_region.region_id IS 'The id that facts have.';
        COMMENT ON COLUMN dim_region.region_name IS 'Where the viewer was, as the platform names it.';
        COMMENT ON TABLE dim_age_group IS 'The labels of the dimension age_range: the viewer''s age range.';
        COMMENT ON COLUMN dim_age_group.age_id IS 'The id that facts have.';
        COMMENT ON COLUMN dim_age_group.age_range IS 'The viewer''s age range.';
        COMMENT ON TABLE dim_gender IS
            'The labels of the dimension gender: the viewer''s gender, as the platform knows it.';
        COMMENT ON COLUMN dim_gender.gender_id IS 'The id that facts have.';
        COMMENT ON COLUMN dim_gender.gender_name IS 'The viewer''s gender, as the platform knows it.';
        COMMENT ON TABLE dim_platform IS 'The labels of the dimension platform: the advertising platform.';
        COMMENT ON COLUMN dim_platform.platform_id IS 'The id that facts have.';
        COMMENT ON COLUMN dim_platform.platform_name IS 'The advertising platform.';
        COMMENT ON TABLE dim_placement IS 'The labels of the dimension placement: where on the platform the ad stood.';
        COMMENT ON COLUMN dim_placement.placement_id IS 'The id that facts have.';
        COMMENT ON COLUMN dim_placement.placement_name IS 'Where on the platform the ad stood.';
        COMMENT ON TABLE dim_device_type IS 'The labels of the dimension device_type: the device the ad was shown on.';
        COMMENT ON COLUMN dim_device_type.device_type_id IS 'The id that facts have.';
        COMMENT ON COLUMN dim_device_type.device_type_name IS 'The device the ad was shown on.';
        COMMENT ON TABLE fact_ad_metrics_daily IS
            'Daily advertising facts: one row for each day and combination of labels. Ask the view ad_metrics_daily'
            ' for labels instead of ids.';
        COMMENT ON COLUMN fact_ad_metrics_daily.id IS 'Unique; of one sequence.';
        COMMENT ON COLUMN fact_ad_metrics_daily.date_id IS 'The day as YYYYMMDD; partitions are ranges of it.';
        COMMENT ON COLUMN fact_ad_metrics_daily.region_id IS
            'Refers to dim_region. Where the viewer was, as the platform names it.';
        COMMENT ON COLUMN fact_ad_metrics_daily.age_id IS 'Refers to dim_age_group. The viewer''s age range.';
        COMMENT ON COLUMN fact_ad_metrics_daily.gender_id IS
            'Refers to dim_gender. The viewer''s gender, as the platform knows it.';
        COMMENT ON COLUMN fact_ad_metrics_daily.platform_id IS 'Refers to dim_platform. The advertising platform.';
        COMMENT ON COLUMN fact_ad_metrics_daily.placement_id IS
            'Refers to dim_placement. Where on the platform the ad stood.';
        COMMENT ON COLUMN fact_ad_metrics_daily.device_type_id IS
            'Refers to dim_device_type. The device the ad was shown on.';
        COMMENT ON COLUMN fact_ad_metrics_daily.impressions IS 'How often ads were shown.';
        COMMENT ON COLUMN fact_ad_metrics_daily.clicks IS 'Clicks on ads.';
        COMMENT ON COLUMN fact_ad_metrics_daily.cost IS 'What was spent.';
        COMMENT ON COLUMN fact_ad_metrics_daily.conversions IS
            'Actions wanted by the advertiser, as the platform attributes them.';
        COMMENT ON COLUMN fact_ad_metrics_daily.likes IS 'Reactions to ads; platforms without them report 0.';
        COMMENT ON TABLE rollup_ad_metrics_daily IS
            'Sums of the facts for each of the service''s grouping sets. A sum over all its rows counts each fact'
            ' many times: ask ad_metrics_daily.';
        COMMENT ON COLUMN rollup_ad_metrics_daily.grouping_set IS
            'The number of the grouping set: the dimensions that the row distinguishes.';
        COMMENT ON COLUMN rollup_ad_metrics_daily.date_id IS 'The day as YYYYMMDD.';
        COMMENT ON COLUMN rollup_ad_metrics_daily.region_id IS
            'As in the facts; 0 where the grouping set has not the dimension.';
        COMMENT ON COLUMN rollup_ad_metrics_daily.age_id IS
            'As in the facts; 0 where the grouping set has not the dimension.';
        COMMENT ON COLUMN rollup_ad_metrics_daily.gender_id IS
            'As in the facts; 0 where the grouping set has not the dimension.';
        COMMENT ON COLUMN rollup_ad_metrics_daily.platform_id IS
            'As in the facts; 0 where the grouping set has not the dimension.';
        COMMENT ON COLUMN rollup_ad_metrics_daily.placement_id IS
            'As in the facts; 0 where the grouping set has not the dimension.';
        COMMENT ON COLUMN rollup_ad_metrics_daily.device_type_id IS
            'As in the facts; 0 where the grouping set has not the dimension.';
        COMMENT ON COLUMN rollup_ad_metrics_daily.impressions IS 'Summed. How often ads were shown.';
        COMMENT ON COLUMN rollup_ad_metrics_daily.clicks IS 'Summed. Clicks on ads.';
        COMMENT ON COLUMN rollup_ad_metrics_daily.cost IS 'Summed. What was spent.';
        COMMENT ON COLUMN rollup_ad_metrics_daily.conversions IS
            'Summed. Actions wanted by the advertiser, as the platform attributes them.';
        COMMENT ON COLUMN rollup_ad_metrics_daily.likes IS 'Summed. Reactions to ads; platforms without them report 0.';
        COMMENT ON COLUMN rollup_ad_metrics_daily.facts IS 'How many facts are summed.';
        COMMENT ON TABLE fact_ledger IS
            'By how much each data version changed the facts of each day and platform. Its sum is the facts.';
        COMMENT ON COLUMN fact_ledger.date_id IS 'The day as YYYYMMDD.';
        COMMENT ON COLUMN fact_ledger.platform_id IS 'Refers to dim_platform.';
        COMMENT ON COLUMN fact_ledger.data_version IS 'The data version that changed them.';
        COMMENT ON COLUMN fact_ledger.facts IS 'Facts added, less those removed.';
        COMMENT ON COLUMN fact_ledger.impressions IS 'The difference. How often ads were shown.';
        COMMENT ON COLUMN fact_ledger.clicks IS 'The difference. Clicks on ads.';
        COMMENT ON COLUMN fact_ledger.cost IS 'The difference. What was spent.';
        COMMENT ON COLUMN fact_ledger.conversions IS
            'The difference. Actions wanted by the advertiser, as the platform attributes them.';
        COMMENT ON COLUMN fact_ledger.likes IS 'The difference. Reactions to ads; platforms without them report 0.';
        COMMENT ON TABLE data_change IS 'Each data version that changed facts.';
        COMMENT ON COLUMN data_change.data_version IS 'Its number.';
        COMMENT ON COLUMN data_change.changed_at IS 'When it began.';
        COMMENT ON COLUMN data_change.cause IS 'What changed facts: load, retention, rebuild or upgrade.';
        COMMENT ON COLUMN data_change.first_date_id IS 'The first day that had facts then.';
        COMMENT ON COLUMN data_change.last_date_id IS 'The last day that had facts then.';
        COMMENT ON TABLE data_version IS 'One row: which state of the facts this is.';
        COMMENT ON COLUMN data_version.id IS 'Always 1.';
        COMMENT ON COLUMN data_version.version IS 'Moves with every load that changes facts.';
        COMMENT ON COLUMN data_version.changed_at IS 'When it moved.';
        COMMENT ON COLUMN data_version.sample IS 'Whether the facts are sample data.';
        COMMENT ON COLUMN data_version.grouping_sets IS 'The grouping sets that the rollups have of every day.';
        COMMENT ON TABLE ingest_log IS 'The loads that were kept.';
        COMMENT ON COLUMN ingest_log.id IS 'Unique.';
        COMMENT ON COLUMN ingest_log.started_at IS 'When the load began.';
        COMMENT ON COLUMN ingest_log.finished_at IS 'When it ended.';
        COMMENT ON COLUMN ingest_log.files IS 'Its files: name, sha256, bytes.';
        COMMENT ON COLUMN ingest_log.rows_read IS 'Rows of its files.';
        COMMENT ON COLUMN ingest_log.inserted IS 'Facts that are new.';
        COMMENT ON COLUMN ingest_log.changed IS 'Facts whose measures changed.';
        COMMENT ON COLUMN ingest_log.unchanged IS 'Facts that were the same.';
        COMMENT ON COLUMN ingest_log.removed IS 'Facts removed by --replace.';
        COMMENT ON COLUMN ingest_log.summed IS 'Rows added to another row of the same key.';
        COMMENT ON COLUMN ingest_log.rejected IS 'Rows refused, with their reasons.';
        COMMENT ON COLUMN ingest_log.left_out IS 'Totals, footers and other lines that are no data.';
        COMMENT ON COLUMN ingest_log.date_from IS 'The first day of its rows.';
        COMMENT ON COLUMN ingest_log.date_to IS 'The last day of its rows.';
        COMMENT ON COLUMN ingest_log.data_version IS 'The data version after it.';
        COMMENT ON COLUMN ingest_log.platform_ids IS 'The platforms of its rows; null where it was not recorded.';
        COMMENT ON TABLE ingest IS 'Loads over HTTP, also those that failed.';
        COMMENT ON COLUMN ingest.id IS 'Unique.';
        COMMENT ON COLUMN ingest.state IS 'queued, running, done, refused or failed.';
        COMMENT ON COLUMN ingest.received_at IS 'When the files came.';
        COMMENT ON COLUMN ingest.touched_at IS 'Its last sign of life.';
        COMMENT ON COLUMN ingest.finished_at IS 'When it ended.';
        COMMENT ON COLUMN ingest.files IS 'Its files: name, path, bytes.';
        COMMENT ON COLUMN ingest.options IS 'The options of the load.';
        COMMENT ON COLUMN ingest.rows_read IS 'Rows read until now.';
        COMMENT ON COLUMN ingest.bytes_read IS 'Bytes read until now.';
        COMMENT ON COLUMN ingest.report IS 'The report of the load.';
        COMMENT ON COLUMN ingest.error IS 'Why it was refused or failed.';
        COMMENT ON TABLE api_key IS 'The API keys.';
        COMMENT ON COLUMN api_key.id IS 'Unique; part of the key.';
        COMMENT ON COLUMN api_key.name IS 'Whose key it is.';
        COMMENT ON COLUMN api_key.scope IS 'What it may do: read, edit or ingest.';
        COMMENT ON COLUMN api_key.digest IS 'The SHA-256 of its secret.';
        COMMENT ON COLUMN api_key.created_at IS 'When it was made.';
        COMMENT ON COLUMN api_key.revoked_at IS 'When it was revoked; null while in use.';
        COMMENT ON TABLE job_slot IS 'The newest completed slot of each scheduled job.';
        COMMENT ON COLUMN job_slot.job IS 'The name of the job.';
        COMMENT ON COLUMN job_slot.slot IS 'The time that it was due.';
        COMMENT ON TABLE saved_view IS 'Queries of the page, saved under names.';
        COMMENT ON COLUMN saved_view.name IS 'The name in addresses.';
        COMMENT ON COLUMN saved_view.title IS 'The name for people.';
        COMMENT ON COLUMN saved_view.query IS 'The query string.';
        COMMENT ON COLUMN saved_view.changed_at IS 'When it was last changed.';
        COMMENT ON TABLE subscription IS 'Who gets a view, and when.';
        COMMENT ON COLUMN subscription.id IS 'Unique.';
        COMMENT ON COLUMN subscription.view IS 'The name of the view.';
        COMMENT ON COLUMN subscription.cron IS 'When, as a cron expression in the time zone of the service.';
        COMMENT ON COLUMN subscription.targets IS 'Mail addresses, or one URL.';
        COMMENT ON COLUMN subscription.secret IS 'What signs the calls of the URL; null of mails.';
        COMMENT ON COLUMN subscription.attach IS 'The format of the attachment.';
        COMMENT ON COLUMN subscription.slot IS 'The newest slot that has deliveries.';
        COMMENT ON COLUMN subscription.created_at IS 'When it was made.';
        COMMENT ON COLUMN subscription.paused_at IS 'When it was paused; null while it is active.';
        COMMENT ON TABLE delivery IS 'One mail to one address, or one call of a webhook, for a slot.';
        COMMENT ON COLUMN delivery.id IS 'Unique.';
        COMMENT ON COLUMN delivery.subscription_id IS 'The subscription; null without one.';
        COMMENT ON COLUMN delivery.view IS 'The name of the view.';
        COMMENT ON COLUMN delivery.slot IS 'The time that it was due.';
        COMMENT ON COLUMN delivery.target IS 'The address.';
        COMMENT ON COLUMN delivery.state IS 'pending, sending, sent, failed or unknown.';
        COMMENT ON COLUMN delivery.attempts IS 'How often it was tried.';
        COMMENT ON COLUMN delivery.tried_at IS 'When it was last tried.';
        COMMENT ON COLUMN delivery.next_try_at IS 'When it is tried next.';
        COMMENT ON COLUMN delivery.error IS 'Why the last attempt failed.';
        COMMENT ON TABLE aerich IS 'The migrations that were applied.';
        COMMENT ON COLUMN aerich.id IS 'Unique.';
        COMMENT ON COLUMN aerich.version IS 'The file.';
        COMMENT ON COLUMN aerich.app IS 'The application.';
        COMMENT ON COLUMN aerich.content IS 'The models after it.';
        COMMENT ON VIEW ad_metrics_daily IS
            'The facts with their labels, a row for each day and combination: for BI tools. Sums of it are right at'
            ' every level; compute ratios from sums.';
        COMMENT ON COLUMN ad_metrics_daily.date IS 'The day the ad was shown.';
        COMMENT ON COLUMN ad_metrics_daily.region IS 'Where the viewer was, as the platform names it.';
        COMMENT ON COLUMN ad_metrics_daily.age_range IS 'The viewer''s age range.';
        COMMENT ON COLUMN ad_metrics_daily.gender IS 'The viewer''s gender, as the platform knows it.';
        COMMENT ON COLUMN ad_metrics_daily.platform IS 'The advertising platform.';
        COMMENT ON COLUMN ad_metrics_daily.placement IS 'Where on the platform the ad stood.';
        COMMENT ON COLUMN ad_metrics_daily.device_type IS 'The device the ad was shown on.';
        COMMENT ON COLUMN ad_metrics_daily.impressions IS 'How often ads were shown.';
        COMMENT ON COLUMN ad_metrics_daily.clicks IS 'Clicks on ads.';
        COMMENT ON COLUMN ad_metrics_daily.cost IS 'What was spent.';
        COMMENT ON COLUMN ad_metrics_daily.conversions IS
            'Actions wanted by the advertiser, as the platform attributes them.';
        COMMENT ON COLUMN ad_metrics_daily.likes IS 'Reactions to ads; platforms without them report 0.';
    """


async def downgrade(db: BaseDBAsyncClient) -> str:
    # Comments stay: nothing depends on them.
    return "DROP VIEW ad_metrics_daily"


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
