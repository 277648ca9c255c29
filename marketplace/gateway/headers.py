"""The headers that say what an answer is and where its caller stands, by whatever way it leaves."""

from marketplace.gateway.answers import Answer

Headers = list[tuple[bytes, bytes]]


def answer_headers(answer: Answer) -> Headers:
    """ETag, receipt, part, rates and quota (draft-ietf-httpapi-ratelimit-headers-11), when to come again."""
    headers: Headers = []
    if answer.etag:
        headers.append((b"etag", answer.etag.encode()))
    if answer.resumable:
        headers.append((b"accept-ranges", b"bytes"))
    if answer.content_range:
        headers.append((b"content-range", answer.content_range.encode()))
    if answer.receipt:
        headers.append((b"x-receipt", answer.receipt.encode()))
    standing = answer.standing
    if answer.quota_reset is not None:
        headers.append((b"ratelimit", b'"month";r=0;t=%d' % answer.quota_reset))
    elif standing is not None:
        named = standing.policy.encode(), standing.remaining, standing.reset
        headers.append((b"ratelimit", b'"%s";r=%d;t=%d' % named))
    if standing is not None:
        policy = b'"%s";q=%d;w=60' % (standing.policy.encode(), standing.limit)
        if answer.quota is not None:  # of a calendar month, so without a length in seconds
            policy += b', "month";q=%d' % answer.quota
        headers.append((b"ratelimit-policy", policy))
    if answer.retry_after is not None:
        headers.append((b"retry-after", b"%d" % answer.retry_after))
    if answer.status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="shuyi"'))
    return headers
