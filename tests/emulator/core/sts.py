"""STS, as far as anybody asks: who am I."""

from .protocols import QueryService, xml_text
from .service import ACCOUNT_ID, Request


class StsService(QueryService):
    name = "sts"
    version = "2011-06-15"
    namespace = "https://sts.amazonaws.com/doc/2011-06-15/"
    parameters = {"GetCallerIdentity": ()}

    def GetCallerIdentity(self, form: dict[str, str], request: Request) -> str:
        arn = request.principal.arn
        user_id = (
            arn.rpartition("/")[2]
            if ":user/" in arn
            else f"{request.principal.access_key}:{arn.rpartition('/')[2]}"
        )
        names = f"<Arn>{xml_text(arn)}</Arn><UserId>{xml_text(user_id)}</UserId>"
        return f"{names}<Account>{ACCOUNT_ID}</Account>"
