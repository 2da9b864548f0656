"""Whether all variants run, as in CI, or a sample of them: `make test` ends within minutes on two cores."""

import os

THOROUGH = bool(os.environ.get("LEEWARD_THOROUGH"))
