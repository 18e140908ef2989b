"""How fast the pets are drawn: `python benchmarks/drawing.py`. 64 pixels, one core, against JPEG."""

import io
import time

from PIL import Image

from petkata.pets.breeds import BREEDS
from petkata.pets.drawing import draw

ROUNDS = 10  # one picture of each breed a round


def main() -> None:
    looks = list(BREEDS.values())
    for look in looks:
        draw(look, seed=0)  # the first of everything is slow
    drawing = encoding = 0.0
    for seed in range(1, ROUNDS + 1):
        start = time.process_time()
        pictures = [draw(look, seed).pixels for look in looks]
        middle = time.process_time()
        for picture in pictures:
            Image.fromarray(picture).save(io.BytesIO(), "JPEG", quality=92, subsampling=0)
        drawing, encoding = drawing + middle - start, encoding + time.process_time() - middle
    n = ROUNDS * len(looks)
    print(f"{n / drawing:.0f} pictures drawn a second on one core, {1000 * drawing / n:.2f} ms each")
    print(f"drawing one takes {drawing / encoding:.1f} times as long as encoding it as a JPEG")


if __name__ == "__main__":
    main()
