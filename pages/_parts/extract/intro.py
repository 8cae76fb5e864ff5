"""What a person sees on Extract, in a line; words in brackets are explained where the pointer rests."""

PLAIN_INTRO = (
    "In each pair: left, a picture the [[diffusion model|model]] **has drawn**; right, the "
    "[[nearest training image|training picture]] it is nearest to. A match is a sign that the model remembers rather "
    "than invents; the [[control]] tells how strong a sign."
)
STEERED_INTRO = (
    "On each card: a picture drawn while a [[surrogate]] **steers** the model, the same [[seed]] **without it**, and "
    "the [[nearest training image|training picture]] that the steered one is nearest to. Move [[guidance scale|λ]] to "
    "steer harder; at 0 the model draws by itself."
)
