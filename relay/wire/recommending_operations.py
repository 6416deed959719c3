"""The operations of what is recommended, as rows (operations.py). What is popular and what is latest are feeds there."""

from relay.wire.operation import Nothing, list_row, row_of
from relay.wire.recommending import FeedbackSaid, GivenFeedback, Shortlist, SimilarPeople
from relay.wire.rest import FeedPage

SIMILAR_POSTS = list_row(
    "/audio/{post_id}/similar",
    Shortlist,
    FeedPage,
    "Posts that sound like this one, or that the same people like.",
)
GOES_WITH = list_row(
    "/audio/{post_id}/goes-with",
    Shortlist,
    FeedPage,
    "Posts that mix with this one: a fitting key and tempo (or half or twice of it), the likest timbre first.",
)
SIMILAR_PEOPLE = list_row(
    "/users/{name}/similar",
    Shortlist,
    SimilarPeople,
    "People whose posts sound like theirs, or are liked by the same people.",
)
FOR_YOU = list_row(
    "/feed/for-you",
    Shortlist,
    FeedPage,
    "Posts that you may like and do not know: what people like who like what you like, what sounds like it, what many like now,"
    " and, at the fifth and fifteenth place, what few know yet.",
)
GIVE_FEEDBACK = row_of(
    "PUT",
    "/audio/{post_id}/feedback",
    GivenFeedback,
    Nothing,
    FeedbackSaid,
    "Say what you think of a post that was recommended to you. Saying it twice is saying it once; nobody else sees it.",
    "",
)
TAKE_FEEDBACK_BACK = row_of(
    "DELETE",
    "/audio/{post_id}/feedback",
    Nothing,
    Nothing,
    FeedbackSaid,
    "As if you had said nothing of a post; also of one that you do not see any more, which answers as if it were not there.",
    "",
)
