"""Saved views: the page's queries under names; and the scope of keys that may change them."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        CREATE TABLE saved_view (
            name varchar(100) CONSTRAINT saved_view_pkey PRIMARY KEY,
            title text NOT NULL,
            query text NOT NULL,
            changed_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT saved_view_name_check CHECK (name ~ '^[a-z0-9]+(-[a-z0-9]+)*$')
        );

        ALTER TABLE api_key
            DROP CONSTRAINT api_key_scope_check,
            ADD CONSTRAINT api_key_scope_check CHECK (scope IN ('read', 'edit', 'ingest'));
    """


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        -- The release before knows no such keys; the views are lost.
        UPDATE api_key SET scope = 'read' WHERE scope = 'edit';
        ALTER TABLE api_key
            DROP CONSTRAINT api_key_scope_check,
            ADD CONSTRAINT api_key_scope_check CHECK (scope IN ('read', 'ingest'));
        DROP TABLE saved_view;
    """


MODELS_STATE = (
    "eJztXW1z2zYS/isYfTl7RtUkTuLk4k9y4iZu/ZKxdbm2cYaESEhCTQIqAVrV9PLfDy+k+C"
    "KSEilZlmR0MlML2AXBZ8mHiwWw+KflUxd5rNMd41/RtPUe/NMi0Efij1xNG7TgeJyUywIO"
    "+54ShWNs3UdCfcYD6HBRPIAeQ6LIRcwJ8JhjSqTwNUGg++UcCAVwYDNOA9SJGmD24QmwXT"
    "xEjNsAM8BHCNx+7v509OYY0AHAnAGGnADxDriigE+obIUBTEDIEBjBB6RUmLgFIO+jI7vk"
    "Ukf0CZPhk1w9JPivEFmcDpGoDEQfvn0XxZi46G/E4p/je2uAkedmLIBd2YAqt/h0rMpO8f"
    "Cc8J+VrLy3vuVQL/RJIj+e8hElMwVMuCwdIoICyJG8Ag9CaRcSel5kwdhUurOJiO5lSsdF"
    "Axh60rpSW3cgKWtZ1tV1z7o961lWa87ysUbKHFGRQ4l8akRXmQJgKLvw07+Pjl69env04t"
    "Xxuzev37598+7FOyGr+jtf9faH7kyClm5KYXb+6fyqJztExaOpH1lZ8EPpQA61ljJGgr76"
    "/xz+PfR3CfqxfA5/cWN5/GO0qwwQFyQWSF6nDZigAs3e2W8KS5+xvzxZcPW1e/Phc/fm4L"
    "L726GqmUY1F9dXn2LxBPqrDxfXpwr8BGzm0HEttGcKBu4GcGuSK2IXAoNpMeKJTg7y/pQj"
    "tl+gn0rI0qALzE/Pr7o3vxejHsuPKePDQDXUOv29d9bN4S4+HhIfCxZg/1HUcOyjYvSzmj"
    "kLuJFqJ/5jv6zRO788u+11L79kTPKx2zuTNUcZa8SlB8eH2ddg1gj473nvM5A/wR/XV2d5"
    "s83ken+0ZJ9gyKlF6MSCbhqTuDguypg5QA/0vpGZs5prMHP03TZWXo+Vpa82uE/5C7KgD5"
    "37CQxca66GHtEy2fkq/8jPl0ACh8pIEk3Zz8gpFw8R/DCCRDlKcy57qrbSbVeuj5MILuW6"
    "SyXwgAImyoS7CznQLbhCyeHsPZiMEBG+MuijISRtAImrPGcHSif5wPYodO02sIUbjYhsWP"
    "/oh9hT5eF4GEAX2YfFvvvmLn9H7og9wAHjlnzfLOzaqjXbg5miQHv9SlIJyHrRz6nu3ghG"
    "XZNS5AT0KR8pJWlSMMHiDQ+5llh1vKDsGWFTb+SQ11w8hljmi2IGEa3o4Wzywc9omg/+1n"
    "0KMn6dZJc6w5eZghm+NBi+ZFh5HvZSmpvTa8RzW+ZSRUR39PL129fvXh2/nvHbrKSK1mIK"
    "S8BNf95qYJtXM9BqaLfIY/wafeBLXMavyfd/gc+Y8hSWcxoDOumAM+iMgPS/0n4bi5wjnz"
    "6Iv+2o5cjTSr6BwjXDRDly4mqECRUhVewhPtK1lDvIoD/2kA0YnDLdsnL9VKvSp9P12kk9"
    "sLG8Ju9ESocdYA8DGo5FscUQZ4nvSEK/Lzojg8wqgIx40vodCajnhWOmA8xCBImOT6WD+R"
    "jx5Vsfet7KEeZd8Q5fHb09nr3U8kfV+3x72b24WOzyNXLA1+57bwdzbsT7Nt72M/O2NaEW"
    "vGCUegiSkgmDmVI+fC209sugp9fXFxlbnp7nner/XJ6e3Ry8VEYUQpiXvFGZD9Y84t0ggC"
    "XTBXOaOdg9zHaR2Kr9vW/ft8jjw353iD5JMxR6fKnqao8P+5a4gjWciS50+boECA0QSE6d"
    "d9LmaldwYWTHag1TEoW9mSdfceRX7slIrII4OrxsZCOjZKIbS0Y3toczpJ9UwheqaiFXuL"
    "HUYpqQgxi55CaOpWMGfhf/XV5+/FhAG4ukV4uc1+SRVSMdz4tJFFoP0AsLqEQ+VRUYz7Sq"
    "nPL9YhXpZG8XJ6AH7KCeRr6QGRKBxfygZLUdl6SJe2EjGfnQqkXUUCCxCh0kXazJCnOKxs"
    "tYyA0pzOquuSvSNT7Hzvkcn5BAOSjhlqhyIa8ME7klKEVLF1FJqmYFCtGt1GOPjI4hjkXE"
    "EcFVlzNyaoYudo4uvnjQQT4ivIQxkvqFpDHOiC7BG2PKsPwFxD8IhDof0MCXq44CBKDLgL"
    "gegoXEUkd1BeaZ3VI98smrGf5ZxD8JYnUpaF7TsNAuspB6gctJSFcvw0GJ5FKxVfcBBRwz"
    "YYsZjRSHWcsEV6MX1U5tdklrGXJZglw0YA24JatoqGXnqOUGDcvW6cwqF9JKkMgt4ddo6T"
    "aAetvjzDuR12cA8yKHZimdFahGt1+PaDI6hmYW0UwEV12SyakZitktivlZkEHXvUQCEId9"
    "hNgr3PldIFVJOnIZnAVdy9caljtTWcg/PUEfPoIsDJBaBUfVTo+pWpnnUL+PCdQjpwEQj4"
    "/s3Bwd1W9CruiTWuoG5GzSGApnSQohF/SnwKeEj6T8bMqpA865EAuwD4Op2kIutA6w2waR"
    "xGEbCGfL0av60nKiFXhH0hfQV/VDxkX3CBePoVaKRaTaCbCjiS79ksheYc6QN4ivg6W2ZN"
    "tBQH11zwwJQVIeA//WiidMUh+IYTyDEkXQ0i5pZoicDt5/X2WdodnHLus2sQUF+2PxSsjV"
    "hQULeCrNkFU06xKbr0v0sHNfE/1ExwDfHHhatMv9I3IEM3sluNPCTe6u1ulEujtogaoJ57"
    "MP55fdi4OX79rHuSWBsaPz+sXhHLYkWrVc98nOKprHu/Hj7eF7VBP8mYqBvTHsj7rocHdQ"
    "X9uOsy1YfbVviG5yAcszxHcDs/vPENWNzVw+T2w3MW3zDJHdQJT6maA6Fx3Nugjz+P5MA4"
    "SH5Fek9yCdix5B4hSFpOcXse8Yvj/iRygubc1iWQGczIJuac9I3L64aaTHcTdnt72b8w+9"
    "VsGzux5gk3mpPYU289IuAS4s2jjTBNn0Pq09xTYZIS0BbBKnXh3bZHXpniKbcTuXADcd+l"
    "8d3vQqmD0FOOcjLQdxMqOyFoyT5vYX5IyPvwTKuX0ma/AcMptc9hTo+QBACdRPN3N9gdxh"
    "8W6BVG174Uy1lwgunJ8+nYIRnQA/dEbRxHIqC2GcgDBJBZObfo4Z4j1w8WCAAjk9y9pgMs"
    "KiOV8I9REgaAg5fijY3LTBa8sZ8Rs60blsKPGmKtcMgK6L3A7ojRAOAAt9EI4BpyDpBWai"
    "QcjBBDJwT+hETWVHyRdVQhuhI2fAPS9Oq67zHcom70h+Pj1yYdsgxaxqhn2WeOjwBPRowC"
    "lmCATorxCrOX9x13qEpS88lFl0kqn7kulws0N0OxYimfjEI0bXtyor6HbAu+EpI8V39dCf"
    "qRjYG8Nu1r48uQnM2hez9uXJLWDWvuzd423WvmwM9i1ZtX6u0qm2Csb9UU27asyPE5mlUt"
    "aq5LFUDn8/93pfkmyu8l5kKjTi2ofvVZZYOQIVNWK8GlCZ5pCp4af4Q5i7OEXtmtrWKWm5"
    "eGTVGnEhGSIxUg5CQkSDYsgshsTiJxqEDLniKigIaBAlr52MpoeABgIB7MnBvc1p6Ix0/t"
    "soQa7OMztAE3nqGSWuVBLCdwRzeQ0xfLcH4neUx9b+9s+dssuduOW71hjykf5LHQ901/rx"
    "3T6RJy2MxcA9Ol0N8jjjrQTEnJa27TzQrhi/q8dw3gAVB3jFCmbzUIMM+AFyEH5oeMRQRt"
    "Xkut3qXLcJLde1c1bTmHmrzTzABLNmds6pmjPDttvOXtGo5Zfb66sy63qFYxYXOxz8D+xf"
    "FmUJRfXnMv9lzJlJNpD/XFLVw1rAp1QM9CtAH9AJswIEa3rnGTUzXm8cJlGjrwb4Z/WMAR"
    "obQI946zBPorES8ezOV/xReEcFO+oMSGcKjQaku4P2viWz0MG/CzpslUYGZWV7cXDQ8iK5"
    "pQOEOkinfDSZBScXA2MjePTmOB8Fa+ujpYQrzvRCFbW6B5KpPLmKqfNCkTy9alEAcQPXVg"
    "HG1BqL1JFVcalacKQilaKBE2UblWKDyoSG/SmAoi0PQYZ0vM/FLiCUi0KHBmpx0MoJyUzc"
    "74njfkGzE82zmiY+seXj1i2KTxhDmwDFnnmrZpT8tOvECEPyY1TTk0hpGfCbL1TSa9jrYZ"
    "9SMtA3hj4kjcDPqBn4V4gNyZUWdTk/UTLQN4aehb5fF/lExwC/wjP/J3Jqf2rTWgb85osm"
    "0YBbNCwYw1Wum0xpGfAbg682hMk8rcUj6IpdZLHSikfg7U6MOjoBbw49Tmtjp1WeOXJmA9"
    "hTv/zpKPq8ESrO0c4rNjtGe3ce4C07RfsX2r/1aOGq87iqXTWz9CftWyyWWioPOkETpJKC"
    "y/PqhUGBVFfbpwGTC/pCT5SJZtvRyVEjyjgDbBTPzMRC4MAWUqzjISgTgCBPOFDiMvZhce"
    "70zVx2hXke0er8i/NBXL/4vYnE17O6+Gknenz4t+UhMuQj8fP1i4qXJ71jKUNIcYzyaLaZ"
    "qWJKJ3pca03mRDomur910f0tIdIb6nnhePGpE4VylRQbKI0VTp4Q43qmd6JQVpBGQ01cj+"
    "BDxHOiu9EJEpod5YadsTxhiyF+AmylHm1wkfkySOj3iw4a3dSF1Rx+LGoJUSUCge2I99+j"
    "w86nqO4W8Y7WsU9EvSveVqKye4iRH8Nu1Akke6RzeGAXvFApPApP0Lgjyx+hketfnDaEQB"
    "4G0NMnYSyX8EPcq8n4sU15KCqOb03ZvAbIebV9GpOYnKRbjarJ+75ePE0W7cdA1WRSMvnJ"
    "dw9bc2LB4+JrMiE9eQjYZEIymZCe3AImE9LePd4mE5JJ6bjfsG9JCPsWPiD3K0aTVkHcOq"
    "lsVwWrmRSzHmK5JU5mVxpAaoADm3EaoI78wWSKKH1i8BD9S2V/CqZAmwyEcpAMoDqJvejk"
    "9rW0uUJstfi88fLJvPUeNL5Fs3kvXywznSekSufzVF11pJVj7tXKzTRTMLmZGuRmUm9NHb"
    "hnCgbuBnBHS9Eb7EzLapqpazN1Xfzd76IAO6Oij35UU/nFh4nMoq99uWHXvD/6uWyOfrTJ"
    "y9LllOU+TPk6yt3k+awjc/TmzRKOjJAqdWRUXW7CbTyug3AkvofortFNzIRueOEhVOWbfV"
    "MqZrtvze2+T/ox+/F/CO8jSw=="
)
