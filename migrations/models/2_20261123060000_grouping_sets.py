"""The grouping sets that the rollups have of every day; a release with more sets reads those once they are recorded."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        -- By default those that the migration before this one filled.
        ALTER TABLE data_version ADD COLUMN grouping_sets smallint[] NOT NULL DEFAULT ARRAY[
            7, 15, 23, 25, 27, 29, 30, 31, 35, 39, 43, 45, 46, 47, 51, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63
        ];
        ALTER TABLE data_version ALTER COLUMN grouping_sets DROP DEFAULT;
    """


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        ALTER TABLE data_version DROP COLUMN grouping_sets;
    """


MODELS_STATE = (
    "eJztXVlz4joW/isqXm5SxVBpss7tJ5JO5zKTbRLu2nQZYQvQxJa4lghN9fR/Hy3eNzCEBI"
    "j7KUjnSPIn6fPx0dHp7zWHWshmjU+Qw9+QyzAltZ/B9xqBDhJ/ZFXXQQ2Ox2GlLOCwbyt5"
    "SwgazxHJPuMuNLmoG0CbIVFkIWa6eMx1V7U7goBLpw3Q89R6ABIL9MwRJENkGZD3gEOfEZ"
    "hiPgJICM2ATaEF+AhyoKWYaNzkrA4wAZgzILokTJSI1hpyFBY1xTAwGb5Gh13SJT0GnbGN"
    "eoDBGdOKfIS0EoAuAg60EJiM62BAXQDBALuMi17oE9jrYdkBb3hN7IuBDl06GYtigyHOeq"
    "oB2ZwD2RMDdCB+UIa6JOjHpbY9GTMwguIxRL1+CAvOFBoTgv+eIIPTIRLCrsDky1dRjImF"
    "viHm/xw/GQOMbCu2HLAlG1DlBp+NVdmjA227TfhnJS3R7hsmtScOCTXGMzFEEqhgwmXpEB"
    "HkQo6syOogE9v2FpNfpMcrCrg7QcFArbDAQgM4seUak9p6BGFZzTBu7zrG42XHMGqp9edr"
    "RFaIV2RSIteuGCtTGAzlEP5x2Dw9ORO1aoTyx+kP3WEIihZX0Ny0rq/bt53aDyUk94YSUy"
    "CHqEb2SxzaczzMBTai9DLo+gUhvOGOfT18/9lsHh6eNg8OT86Oj05Pj88OArTTVUXYn7ev"
    "JPJCgAoC0uzkT0UIfbjp0+gL0kMcOygb/7hmYgosT7Xh/7GFE1KAbad9c/nYad3cy+Ydxv"
    "62FV6tzqWsaarSWaJ072Q/PhlBI+D3ducXIH+Cv+5uLxWclPGhq3oM5Tp/1eSY4IRTg9Cp"
    "Aa0oJn6xXxSbZs2lGRuMUhtBkj3DoVJidvtCa7cm9Pzu7jo2l+ftxNa5/fXm/PJh74OaRC"
    "GEec6Oir2r0oi3XBfOsvFOaSZgtzHbRmJb4P3w5asAUb50B0+RF4Qs6EPzaQpdy0jV0CbN"
    "k01XOU0nWQIJHCow5KjlGH1TDzutIbqSc5FpCUaqiy1B7BiiB2MYiM41BVsECA3gSmJN22"
    "2p2hXsGDmwLFsm920bKsx/2XpWyaZbMs0PR6dHZ4cnR8ELNigpeq/ON2ckVmqW0vh20LcC"
    "gAOlBMZi8Lu17zuXf3RidHv7W+vh4pfWw95N64/92Ovz+u72yhePsPHF9d35RnGGNJZy+E"
    "JVzeUKy5eaTxPyS+Yj6EkNsSl7ADPwp/h3c/PpUwZtzJNegUa8NkvwSERjd76J1sYkCq1n"
    "aE8yqESuqgKMA60iy3y3WEVa2pvFCegZm6ijkc9khlBgPj8oWT2PC9LEk5gj6f7QqlnUkC"
    "GxCh2EQyzJCinFysqYyw0RzFRZCWMjS7eyObbO5rhCAmU3h1u8yrm8MgzlFqAULZ1FJZGa"
    "FShEt1KOPWI6FXHMIw4PrrKckVCr6GLr6OLehiZyEOE5jBHWzyWNcUx0Ad5QCoASAOWffE"
    "BdB0wFNyAALQYYh8TKIpVF1VZgnOBRypFOUq3inXm8EyJWlnrSmhX7bCP7qP2bTz66ehHu"
    "CSUX8qlaz8jlmIm5CFgk272aJ7gavah2SrNLVKsilwXIRQO2BLfEFStq2TpqeUDDvLidoH"
    "Iurbih3AL2jJauA8hUwElgnMj+GcA8y5hZSGcFqtHtlyOamE5FM/NoxoOrLMkk1CqK2S6K"
    "+SzIoGXdIAGIyT5BbM+yuCZDqpB0ZDCcAS3D0RqGFajM5Z/P+BkBB0E2cZEKgKMEyWOees"
    "gxQwTUyXPdc8zUA76pg8CeVoF/2hkI5BSmWWttPckowXsorC35TMgC/RlwKOEj2UdwVtUA"
    "nZHsTmAGGfqJgbGLHejOwBOayXOsPWzVgSe8XwfCcBPNi0/FSLsKbqHpTBjvErGGuVjBmn"
    "99KdnaR9CTZ2PQls8nWta7TPy2lSwTU61jFTEHJpV8PXCpo9BgSEiSfO/5l5p/1BJ5xQz9"
    "sxfP9xY1amMf11G3/9dVwhSLYul2jP5fJYYu/yWBnbHYLDI4MSP+p3Aa4opVWOPyYY02Np"
    "9Koh/qVMAvDzxlWZGkyBS8befg7qkkD6q1TsPT3cIZKDqqvrxo37Su9z6c1U8SEYW+qXR0"
    "sJ/ClnhBz2VXdlyxWt5LL28bP6GS4AcqFexLw77WcMXtQX3Fz9qNitvaNURfM/TlHeL7Cn"
    "EB7xDVVzv7fJ/YvsbBzztE9hX83O8E1ZR/NW4ipPH9TF2Eh+TfSF9hahMZgmFmObXT4e9b"
    "hu8Pfwn5pbXAl+XCaeB0i1pG4vHFQyP9Hfdw+dh5aF90ahlr92WADU+2dhTa2KZdAFyYde"
    "VmGWSjN7x2FNvwC2kBYEM/9erYhnGpO4pszOxcANyo6391eKNxNDsKcMJGWgzi8ETlRTAO"
    "m9tdkGM2/gIoJ26ovIDlELses6NApx0AOVC/zdl3WyVjuabDWsaRd1hZLzrp1gldDNuTWy"
    "gljsw487PKLTPANmIyaKb35XtXjaArmunW2Ag2j0/03/0ZR6wrMOrVwVRmgekjUwjq3DAI"
    "uzLhDaurQ+jpCOUkxVl/ly+ceaY60n1Zh3P+ka4gK5cvlSYlrlmlSdnoNCkDTDAbLTXPCd"
    "Vqojd8ou2sc7x/Pd7d5k2vnXmKZ2GTg/+B3UvNIqGIzWYqhi8ZrpeYJtnAedJzJ16Jhotg"
    "yXdZTG2XnHevfIyKCUPyZVTSkohoVeAvHxmj86WVwz6iVEG/NPQTshT4MbUK/qXhZxPHKY"
    "t9qFMBvzTwLvovMkvzfVSrAn/5UDE04AadZHxIFEaLRbQq8JcGXx3KyQj97M+4ghgnX2nF"
    "tEmei2RTZqEoFFVnTUqhx2lp7LTKO0culv578Y2f1Kw2f6nNvyE3xR5U4vH5d8Uy5epFPn"
    "Sd0nzJ+2LyFpWwqKIXuH7yUrjr5Oxs5OdUF0tJdC0FIfAT0gKGuPZkj+gUiIefBbpoJrOx"
    "p/3pa+9RZZmPZsxViQ1le33MVWZ42eK9dkg8/uda9N67erj79b59e7W33wN7PVPsOJsOG1"
    "deI4+IN6Reb/+jGIklKIvIzaiHK9rWJmmXwCmcgZF3iZdMnD5ywUEDrH6ZLfo0wbW2uuym"
    "K0byTcoxMbYOdTnFDIEpFNtMoatpRAMmUaC2Fel3xZOHDQgW3oQTiPXlY4pMexrk4v9dIK"
    "m7S2+N5f+ngSpUcL0BmNV1jJfFswpuXweqVQB2dW1g+7CtLhKtF9/qcv6bO+eqy/nV5fw3"
    "n4Hqcv7OLe/qcv6bwK4cc+VgD1Qq2LfRy91CLjZHtQy/tldTL/Jkw1BmnuM6fwpeOJL6vY"
    "RRr82JmXvmdTGCbja0+Ydd25kQUeyXb4aNyJDLrdE8Pi4A1LcjhFQyltKrauq6hONtPC6D"
    "sCe+g+h+ODhYAF0hlYuuqkuZcDzzjlh+WHBEpQoMLhkY/KYvsx//ByFUjcw="
)
