"""How fast requests may go: what Discord's limits allow, and who goes next.

The words of this room, each of which means one thing here:

route: a method and a path template, such as `PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id}`.
major parameter, major: the id in a path by which Discord counts apart (a guild's, a channel's); "" if there is none.
hash: the value of X-RateLimit-Bucket. It names a kind of limit, and routes that show the same one share it.
bucket: what Discord counts together, one hash and one major. A bucket without a hash was met as a refusal alone.
group: all buckets of one hash. Its majors count apart, unless a trial shows that they count together.
window: the time between two resets of a bucket, in which Remaining runs down from Limit.
reading: what one answer says about limits.
refusal: an answer of 429; its scope says whom it holds back. A strike is one refusal more in a row.
probe: the first request of a route whose hash is not known yet. It goes alone: its answer shows the hash.
trial: the first request for a second major of a group. It goes alone: its Remaining shows whether both count together.
reference: the bucket that a trial is compared with.
reserve: the one request that the reference keeps back for a trial, in case both count together.
ticket: a request on its way, with what its bucket looked like when it left.
lane: the waiting requests that one limit holds back, sorted by priority.
generation: grows when requests may have changed lanes.
ceiling: the most exchanges in flight at once, over all tokens.

`headers` makes readings of answers; `buckets`, `groups` and `limits` learn from them and are pure; `dispatch` keeps
the lanes and sends.
"""
