"""One more dimension, `campaign`, and one more measure, `video_views`: every change that they need.

`CONTRIBUTING.md` describes them.
"""

import re

from tests.extension.release import Release

FILES = [
    "project/catalog/dimensions.py",
    "project/catalog/rollups.py",
    "project/catalog/metrics.py",
    "project/store/models/dimensions.py",
    "project/store/models/facts.py",
    "project/store/models/rollups.py",
    "project/store/models/ledger.py",
    "project/store/models/__init__.py",
    "project/ingest/mapping/presets.py",
]
"""The files that change, beside the migration that is added."""


def declare_dimension(release: Release) -> None:
    """Declare the dimension in the catalogue alone."""
    release.replace(
        "project/catalog/dimensions.py",
        '"The device the ad was shown on.", "iphone", bit=6,\n    ),\n',
        '"The device the ad was shown on.", "iphone", bit=6,\n    ),\n'
        '    Dimension(\n        "campaign", "dim_campaign", "campaign_id", "campaign_name", "campaign",\n'
        '        "The campaign that the ad belongs to.", "Spring sale", bit=12,\n    ),\n',
    )


def add_campaign_and_video_views(release: Release) -> None:
    """Add the dimension and the measure, with their migration."""
    declare_dimension(release)
    for base in (
        '("age_range", "gender", "platform", "placement", "device_type"',
        '("region", "platform", "placement", "device_type"',
    ):
        release.replace("project/catalog/rollups.py", f"        {base}),", f'        {base}, "campaign"),')
    release.replace(
        "project/catalog/metrics.py",
        '"Reactions to ads; platforms without them report 0."),\n',
        '"Reactions to ads; platforms without them report 0."),\n'
        '    Measure("video_views", "count", "How often videos were watched."),\n',
    )
    release.append(
        "project/store/models/dimensions.py",
        '\n\nclass DimCampaign(Model):\n    """A campaign."""\n\n'
        "    campaign_id = fields.IntField(primary_key=True)\n    campaign_name = fields.TextField()\n\n"
        '    class Meta:\n        table = "dim_campaign"\n',
    )
    facts = "project/store/models/facts.py"
    release.replace(
        facts,
        "    impressions = ",
        '    campaign = _reference("models.DimCampaign", "campaign_id")\n    impressions = ',
    )
    release.replace(facts, '"placement", "device_type")', '"placement", "device_type", "campaign")')
    rollups = "project/store/models/rollups.py"
    release.replace(rollups, "    impressions = ", "    campaign_id = fields.IntField()\n    impressions = ")
    for path in (facts, rollups, "project/store/models/ledger.py"):
        release.replace(
            path,
            "    likes = fields.BigIntField()\n",
            "    likes = fields.BigIntField()\n    video_views = fields.BigIntField()\n",
        )
    models = "project/store/models/__init__.py"
    release.replace(models, "    DimAgeGroup,\n    DimDate,", "    DimAgeGroup,\n    DimCampaign,\n    DimDate,")
    release.replace(models, '"DimDate",', '"DimCampaign", "DimDate",')
    # What exports of today do not report is 0; what they report is found by its name.
    presets = "project/ingest/mapping/presets.py"
    text = (release.root / presets).read_text()
    release.write(presets, text.replace('            ("likes",),\n', '            ("likes", "video_views"),\n'))
    _write_migration(release)


def _write_migration(release: Release) -> None:
    """Let Aerich write the state of the models, and replace its SQL, which a table with rows would refuse."""
    before = set((release.root / "migrations/models").glob("[0-9]*.py"))
    release.aerich("migrate", "--name", "campaign", "--offline", "--no-input", DATABASE_URL="postgresql://nowhere")
    [path] = set((release.root / "migrations/models").glob("[0-9]*.py")) - before
    state = path.read_text().partition("MODELS_STATE = ")[2]
    key = _unique_constraint(path.read_text())
    sql = _MIGRATION.replace("%KEY%", key)
    path.write_text(f"{sql}\n\nMODELS_STATE = {state}")


def _unique_constraint(text: str) -> str:
    """Return the name that Tortoise gives the new natural key."""
    names = set(re.findall(r"uid_fact_ad_met_date_id_\w+", text)) - {"uid_fact_ad_met_date_id_d56733"}
    assert len(names) == 1, names
    return names.pop()


_MIGRATION = '''"""Campaigns, and how often videos were watched."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        SET LOCAL citus.multi_shard_modify_mode = 'sequential';

        CREATE SEQUENCE dim_campaign_campaign_id_seq AS integer;
        CREATE TABLE dim_campaign (
            campaign_id integer DEFAULT nextval('dim_campaign_campaign_id_seq') CONSTRAINT dim_campaign_pkey PRIMARY KEY,
            campaign_name text COLLATE "C" NOT NULL,
            CONSTRAINT dim_campaign_campaign_id_check CHECK (campaign_id > 0),
            CONSTRAINT dim_campaign_campaign_name_check CHECK (campaign_name <> '')
        );
        ALTER SEQUENCE dim_campaign_campaign_id_seq OWNED BY dim_campaign.campaign_id;
        CREATE UNIQUE INDEX dim_campaign_campaign_name_key ON dim_campaign (lower(campaign_name COLLATE "default"));
        -- Number 1: the facts that there are have no campaign.
        INSERT INTO dim_campaign (campaign_name) VALUES ('(not set)');

        -- With a default the columns are there at once; without one a table with rows would refuse them.
        ALTER TABLE fact_ad_metrics_daily ADD COLUMN campaign_id integer NOT NULL DEFAULT 1;
        ALTER TABLE fact_ad_metrics_daily ADD COLUMN video_views bigint NOT NULL DEFAULT 0;
        ALTER TABLE fact_ad_metrics_daily ALTER COLUMN campaign_id DROP DEFAULT, ALTER COLUMN video_views DROP DEFAULT;
        ALTER TABLE fact_ad_metrics_daily ADD CONSTRAINT fact_ad_metrics_daily_video_views_check CHECK (video_views >= 0);
        ALTER TABLE fact_ad_metrics_daily ADD CONSTRAINT fact_ad_metrics_daily_campaign_id_fkey
            FOREIGN KEY (campaign_id) REFERENCES dim_campaign (campaign_id);
        ALTER TABLE fact_ad_metrics_daily DROP CONSTRAINT uid_fact_ad_met_date_id_d56733;
        ALTER TABLE fact_ad_metrics_daily ADD CONSTRAINT %KEY% UNIQUE (
            date_id, region_id, age_id, gender_id, platform_id, placement_id, device_type_id, campaign_id
        );

        -- Every stored set sums campaigns away.
        ALTER TABLE rollup_ad_metrics_daily ADD COLUMN campaign_id integer NOT NULL DEFAULT 0;
        ALTER TABLE rollup_ad_metrics_daily ADD COLUMN video_views bigint NOT NULL DEFAULT 0;
        ALTER TABLE rollup_ad_metrics_daily ALTER COLUMN campaign_id DROP DEFAULT, ALTER COLUMN video_views DROP DEFAULT;
        ALTER TABLE rollup_ad_metrics_daily ADD CONSTRAINT rollup_ad_metrics_daily_video_views_check CHECK (video_views >= 0);
        ALTER TABLE rollup_ad_metrics_daily DROP CONSTRAINT rollup_ad_metrics_daily_pkey;
        ALTER TABLE rollup_ad_metrics_daily ADD CONSTRAINT rollup_ad_metrics_daily_pkey PRIMARY KEY (
            grouping_set, date_id, region_id, age_id, gender_id, platform_id, placement_id, device_type_id, campaign_id
        );

        ALTER TABLE fact_ledger ADD COLUMN video_views bigint NOT NULL DEFAULT 0;
        ALTER TABLE fact_ledger ALTER COLUMN video_views DROP DEFAULT;

        -- Processes that serve load the labels anew when the version moves.
        UPDATE data_version SET version = version + 1, changed_at = clock_timestamp() WHERE version > 0;
    """


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        SET LOCAL citus.multi_shard_modify_mode = 'sequential';

        DO $$ BEGIN
            IF EXISTS (SELECT FROM fact_ad_metrics_daily WHERE campaign_id <> 1 OR video_views > 0) THEN
                RAISE EXCEPTION 'There are facts of campaigns or with video views, which this downgrade would lose.';
            END IF;
        END $$;

        DELETE FROM rollup_ad_metrics_daily WHERE grouping_set & 4096 > 0;
        UPDATE data_version SET
            grouping_sets = ARRAY(SELECT number FROM unnest(grouping_sets) AS number WHERE number & 4096 = 0 ORDER BY 1);
        -- Keys that have the columns go with them.
        ALTER TABLE rollup_ad_metrics_daily DROP COLUMN campaign_id, DROP COLUMN video_views;
        ALTER TABLE rollup_ad_metrics_daily ADD CONSTRAINT rollup_ad_metrics_daily_pkey PRIMARY KEY (
            grouping_set, date_id, region_id, age_id, gender_id, platform_id, placement_id, device_type_id
        );
        ALTER TABLE fact_ad_metrics_daily DROP COLUMN campaign_id, DROP COLUMN video_views;
        ALTER TABLE fact_ad_metrics_daily ADD CONSTRAINT uid_fact_ad_met_date_id_d56733 UNIQUE (
            date_id, region_id, age_id, gender_id, platform_id, placement_id, device_type_id
        );
        ALTER TABLE fact_ledger DROP COLUMN video_views;
        DROP TABLE dim_campaign;
        UPDATE data_version SET version = version + 1, changed_at = clock_timestamp() WHERE version > 0;
    """
'''
