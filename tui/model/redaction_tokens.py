"""What the tokens of well-known services look like: each shape is its issuer's own prefix and length.

Prefixes are what tells a token from an id or a digest; a bare run of hex digits is never one.
"""

import re

MARK = "***"

# What a text must hold, in lower case, for a pattern to be tried; the pattern; what it leaves.
TOKENS: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    # Signed web tokens (JWT): two of the three parts are JSON, which begins with `{"`.
    (
        ("eyj",),
        re.compile(r"\beyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{8,8192}\.[A-Za-z0-9_-]{8,2048}"),
        MARK,
    ),
    # Amazon: ids of keys, long-lived and temporary.
    (("akia", "asia", "abia", "acca"), re.compile(r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"), MARK),
    # Google: API keys, OAuth access tokens, client secrets.
    (("aiza",), re.compile(r"\bAIza[A-Za-z0-9_-]{35}\b"), MARK),
    (("ya29.",), re.compile(r"\bya29\.[A-Za-z0-9_.-]{20,2048}"), MARK),
    (("gocspx-",), re.compile(r"\bGOCSPX-[A-Za-z0-9_-]{20,64}"), MARK),
    # Azure: the keys in connection strings, and signatures of shared access.
    (
        ("accountkey=", "sharedaccesskey="),
        re.compile(r"(?i)\b((?:account|sharedaccess)key=)[^\s;\"'<>&]+"),
        rf"\1{MARK}",
    ),
    (("sig=",), re.compile(r"([?&]sig=)[A-Za-z0-9%+/=_-]{20,}"), rf"\1{MARK}"),
    # Code hosts and registries.
    (
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
        re.compile(r"\bgh[pousr]_[A-Za-z0-9]{30,255}\b"),
        MARK,
    ),
    (("github_pat_",), re.compile(r"\bgithub_pat_[A-Za-z0-9_]{22,255}\b"), MARK),
    (("glpat-",), re.compile(r"\bglpat-[A-Za-z0-9_.-]{20,255}"), MARK),
    (("npm_",), re.compile(r"\bnpm_[A-Za-z0-9]{36}\b"), MARK),
    (("pypi-",), re.compile(r"\bpypi-[A-Za-z0-9_-]{50,}"), MARK),
    # HashiCorp Vault.
    (("hvs.", "hvb.", "hvr."), re.compile(r"\bhv[sbr]\.[A-Za-z0-9_-]{20,}"), MARK),
    # Providers of models and payments: `sk-…`, `sk_live_…`.
    (("sk-",), re.compile(r"\bsk-(?:[a-z]{2,12}-)*[A-Za-z0-9_]{20,}(?:-[A-Za-z0-9_]+)*"), MARK),
    (
        ("sk_live_", "sk_test_", "rk_live_", "whsec_"),
        re.compile(r"\b(?:[sr]k_(?:live|test)|whsec)_[A-Za-z0-9]{16,}"),
        MARK,
    ),
    # Mail and chat.
    (("sg.",), re.compile(r"\bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}"), MARK),
    (("xapp-",), re.compile(r"\bxapp-[A-Za-z0-9-]{10,}"), MARK),
    (("bot",), re.compile(r"(\bbot)\d{8,12}:[A-Za-z0-9_-]{30,64}"), rf"\1{MARK}"),
    (
        ("/api/webhooks/",),
        re.compile(r"(?i)(https?://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/)[^\s\"'<>)\]]+"),
        rf"\1{MARK}",
    ),
    (
        ("webhook.office.com", "logic.azure.com"),
        re.compile(
            r"(?i)(https?://[\w.-]{1,80}(?:webhook\.office|logic\.azure)\.com(?::\d+)?/)[^\s\"'<>)\]]+"
        ),
        rf"\1{MARK}",
    ),
    (
        ("outlook.office", "hooks.zapier.com"),
        re.compile(
            r"(?i)(https?://(?:outlook\.office(?:365)?\.com/webhook|hooks\.zapier\.com/hooks)/)[^\s\"'<>)\]]+"
        ),
        rf"\1{MARK}",
    ),
    (
        ("chat.googleapis.com",),
        re.compile(r"(?i)(https?://chat\.googleapis\.com/v1/spaces/)[^\s\"'<>)\]]+"),
        rf"\1{MARK}",
    ),
)
