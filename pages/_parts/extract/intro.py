"""What a person sees on Extract, in a line; words in brackets are explained where the pointer rests."""

PLAIN_INTRO = (
    "In each pair: left, a picture the [[diffusion model|model]] **has drawn**; right, the "
    "[[nearest training image|training picture]] it is nearest to."
)
STEERED_INTRO = (
    "In each pair: left, a picture drawn while a [[surrogate]] **steers** the model; right, the "
    "[[nearest training image|training picture]] it is nearest to."
)
SCORED_INTRO = (
    "In each pair: left, a picture **somebody generated**; right, the **training picture** it is nearest to. No model "
    "is needed, but its training images are, and as control images of the same kind that it never saw."
)
