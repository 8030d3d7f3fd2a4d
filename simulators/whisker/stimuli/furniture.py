"""Real objects: the furniture catalogues of Sweet Home 3D that the user has, as a set of labelled objects.

The Debian package ``sweethome3d-furniture`` holds five catalogues of 820 models (.sh3f, CC-BY 3.0 and CC0); others
can be had from their makers. Nothing is downloaded here. The licences ask for the authors' names: `write_credits`.
"""

import csv
import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .objects import LabelledObject

if TYPE_CHECKING:
    from ..solids import Solid

_CATALOGUE = "PluginFurnitureCatalog.properties"
_WIDTH_HEIGHT_DEPTH = ("width", "height", "depth")

# Words of a name that make a category, and words that unmake it; the first that fits counts.
CATEGORY_WORDS: tuple[tuple[str, str, str], ...] = (
    ("lamp", r"lamps?|lamppost|lights?|chandelier|lantern|spotlight|fluorescent", r"^$"),
    ("plug", r"plug|switch|socket", r"^socket$"),
    ("armchair", r"armchair", r"ottoman"),
    ("chair", r"chair|class seat", r"wheelchair"),
    ("table", r"tables?", r"bat|fan"),
    ("sofa", r"sofa|couch|futon", r"^$"),
    ("bed", r"bed|crib", r"^$"),
    ("cabinet", r"cabinet|wardrobe|cupboard|dresser|locker", r"^$"),
    ("window", r"windows?", r"shutter|blind"),
    ("door", r"door", r"^$"),
    ("washroom", r"bath|bathtub|jacuzzi|washbasin|basin|sink|lavatory|toilets unit|urinal|bidet|vanity", r"^$"),
    ("person", r"male|female|boy|girl|mannequin", r"^$"),
    (
        "plant",
        r"plant|tree|ficus|bush|hedge|cactus|pine|palm|maple|poplar|cypress|bamboo|beech|acacia|yucca|tulips|orchids|"
        r"lily|flowers|spathiphyllum|blossom",
        r"box",
    ),
    (
        "car",
        r"car|bus|truck|van|sedan|suv|ford|peugeot|renault|chevrolet|vw|seat leon",
        r"^$",
    ),
    ("bottle", r"bottle|flacon", r"^$"),
    ("cup", r"cup|mug|glass", r"cake|plate"),
    ("box", r"box|penbox|crate|chest|trunck", r"freezer"),
)


@dataclass(frozen=True, slots=True)
class FurnitureItem:
    """One model of a catalogue.

    Attributes
    ----------
    item_id, name
        As in the catalogue.
    category
        One of `CATEGORY_WORDS` by the words of the name, or empty.
    archive, model
        The .sh3f file, and the path of the OBJ file inside.
    size_cm
        Width, height, depth of the real thing: x, y, z of the OBJ file once rotated.
    rotation
        ``(3, 3)`` row by row, from the OBJ file's axes to upright.
    creator, licence
        Whom and what to name.
    """

    item_id: str
    name: str
    category: str
    archive: Path
    model: str
    size_cm: tuple[float, ...]
    rotation: tuple[float, ...]
    creator: str
    licence: str


def category_of(name: str) -> str:
    """Category of a catalogue name by its words, or an empty text."""
    lower = name.lower()
    for category, words, but in CATEGORY_WORDS:
        if re.search(rf"\b(?:{words})\b", lower) and not re.search(rf"\b(?:{but})\b", lower):
            return category
    return ""


def read_catalogue(archive: str | Path) -> tuple[FurnitureItem, ...]:
    """Models of one .sh3f file, in the order of its catalogue.

    Raises
    ------
    ValueError
        If the file is no archive, has no catalogue, or a model lacks its name, path or size.
    """
    archive = Path(archive)
    try:
        with zipfile.ZipFile(archive) as file:
            text = file.read(_CATALOGUE).decode("latin-1")
    except (zipfile.BadZipFile, KeyError) as error:
        raise ValueError(
            f"{archive} is no furniture catalogue: {error}; a .sh3f file with {_CATALOGUE} is needed."
        ) from error
    common: dict[str, str] = {}
    models: dict[int, dict[str, str]] = {}
    for line in re.sub(r"\\\r?\n\s*", "", text).splitlines():
        found = re.fullmatch(r"\s*(\w+)(?:#(\d+))?\s*=\s*(.*)", line)
        if found:
            key, number, value = found.groups()
            target = common if number is None else models.setdefault(int(number), {})
            target[key] = re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), value.strip())
    return tuple(_item(archive, common, models[number]) for number in sorted(models))


def _item(archive: Path, common: dict[str, str], facts: dict[str, str]) -> FurnitureItem:
    lacking = [key for key in ("id", "name", "model", *_WIDTH_HEIGHT_DEPTH) if not facts.get(key)]
    if lacking:
        raise ValueError(f"a model of {archive} ({facts.get('id', 'without id')}) lacks {', '.join(lacking)}.")
    rotation = tuple(float(word) for word in facts.get("modelRotation", "1 0 0 0 1 0 0 0 1").split())
    size = tuple(float(facts[key]) for key in _WIDTH_HEIGHT_DEPTH)
    if len(rotation) != 9 or min(size) <= 0:
        raise ValueError(
            f"model {facts['id']} of {archive} has the size {size} cm and {len(rotation)} numbers of rotation."
        )
    return FurnitureItem(
        item_id=facts["id"],
        name=facts["name"],
        category=category_of(facts["name"]),
        archive=archive,
        model=facts["model"].lstrip("/"),
        size_cm=size,
        rotation=rotation,
        creator=facts.get("creator", ""),
        licence=common.get("license", ""),
    )


class FurnitureObjects:
    """Furniture of the categories that have enough objects.

    Parameters
    ----------
    path
        A .sh3f file, or a folder with such files at any depth.
    min_objects
        Least number of objects of a category.
    contact_offset_mm
        Of every solid. Most of the meshes are open sheets, which need one.

    Raises
    ------
    ValueError
        If there is no catalogue, or no category has enough objects.
    """

    def __init__(self, path: str | Path, *, min_objects: int = 10, contact_offset_mm: float = 0.1) -> None:
        path = Path(path)
        archives = sorted(path.rglob("*.sh3f")) if path.is_dir() else [path]
        if not archives or not archives[0].is_file():
            raise ValueError(
                f"{path} holds no .sh3f file; unpack Debian's sweethome3d-furniture with unpack_debian_package() "
                "and give the folder."
            )
        items = [item for archive in archives for item in read_catalogue(archive)]
        counts = Counter(item.category for item in items if item.category)
        self.categories = tuple(sorted(name for name, count in counts.items() if count >= min_objects))
        if not self.categories:
            raise ValueError(
                f"no category of {path} has {min_objects} objects, the largest are {counts.most_common(3)}; "
                "lower min_objects."
            )
        self.contact_offset_mm = contact_offset_mm
        self.n_left_out = sum(item.category not in self.categories for item in items)
        self._items = {item.item_id: item for item in items if item.category in self.categories}
        self._objects = tuple(
            LabelledObject(item.item_id, item.category, self.categories.index(item.category))
            for item in self._items.values()
        )

    @property
    def objects(self) -> Sequence[LabelledObject]:
        """Objects, by catalogue."""
        return self._objects

    def __repr__(self) -> str:
        kept = f"{len(self._objects)} objects of {len(self.categories)} categories"
        return f"FurnitureObjects({kept}, {self.n_left_out} left out)"

    def item(self, object_id: str) -> FurnitureItem:
        """What the catalogue says of an object.

        Raises
        ------
        ValueError
            If the id is not of this set.
        """
        if object_id not in self._items:
            raise ValueError(f"object {object_id!r} is not in this set; its ids are like {next(iter(self._items))!r}.")
        return self._items[object_id]

    def solid(self, object_id: str, diagonal_mm: float) -> "Solid":
        """The object upright, in the proportions of its catalogue, the middle of its bounding box at the origin.

        Raises
        ------
        ValueError
            If the id is not of this set, or its mesh cannot be read.
        """
        from ..solids import Mesh

        vertices, faces = read_furniture_mesh(self.item(object_id))
        scale = diagonal_mm / float(np.linalg.norm(np.ptp(vertices, axis=0)))
        return Mesh(vertices * scale, faces, contact_offset_mm=self.contact_offset_mm)

    def write_credits(self, path: str | Path) -> None:
        """CSV table of authors and licences, as the licences ask of whoever passes the objects on."""
        with open(path, "w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["object_id", "name", "creator", "licence", "changes"])
            for item in self._items.values():
                change = "materials left out, scaled, turned upright"
                table.writerow([item.item_id, item.name, item.creator, item.licence, change])


def read_furniture_mesh(item: FurnitureItem) -> tuple[np.ndarray, np.ndarray]:
    """Triangles of a model: vertices ``(V, 3)`` in cm with z up, the front towards -y and
    the middle of the bounding box at the origin; faces ``(F, 3)``.
    """
    from .wavefront import read_triangles

    with zipfile.ZipFile(item.archive) as file:
        text = file.read(item.model).decode("latin-1")
    vertices, faces = read_triangles(text, f"{item.model} in {item.archive.name}")
    used, faces = np.unique(faces, return_inverse=True)
    vertices, faces = vertices[used] @ np.reshape(item.rotation, (3, 3)).T, faces.reshape(-1, 3)
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    extent = np.where(high > low, high - low, 1.0)
    upright = (vertices - (low + high) / 2) * np.asarray(item.size_cm) / extent
    return np.column_stack([upright[:, 0], -upright[:, 2], upright[:, 1]]), faces
