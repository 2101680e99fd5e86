"""Answers JSON lines with the callback crypto of PyPI's dingtalk-sdk (written against 1.3.8).

In:  {"op": "encrypt", "token", "aes_key", "owner_key", "message", "timestamp", "nonce", "random"?}
     {"op": "decrypt", "token", "aes_key", "owner_key", "encrypt", "signature", "timestamp", "nonce"}
Out: {"encrypt", "signature"} or {"message"}, or {"error"} for what the SDK refuses.
"""

import json
import sys

from dingtalk.crypto import DingTalkCrypto, PrpCrypto


def encrypt(crypto, ask):
    """The SDK draws its own random text unless one of 16 characters is given."""

    class FixedCrypto(PrpCrypto):
        def get_random_string(self):
            return ask.get("random") or super().get_random_string()

    answer = crypto._encrypt_message(ask["message"], ask["nonce"], ask["timestamp"], FixedCrypto)
    return {"encrypt": answer["encrypt"], "signature": answer["msg_signature"]}


def decrypt(crypto, ask):
    message = crypto.decrypt_encrypt_str(
        ask["signature"], ask["timestamp"], ask["nonce"], ask["encrypt"]
    )
    return {"message": message}


def answer(line):
    try:
        ask = json.loads(line)
        crypto = DingTalkCrypto(ask["token"], ask["aes_key"], ask["owner_key"])
        return {"encrypt": encrypt, "decrypt": decrypt}[ask["op"]](crypto, ask)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


for request in sys.stdin:
    print(json.dumps(answer(request)), flush=True)
