"""The batch of the scene lab as plain PyTorch."""

_SCRIPT = '''\
from pathlib import Path

import soundfile
import torch
from PIL import Image, ImageOps
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset, Subset
from torchvision.transforms.v2 import functional as F

FOLDERS = {folders}


class Scenes(Dataset):
    """Picture, caption and sound of each key; what is missing is empty, and `present` says so."""

    def __init__(self, root, side={side}):
        self.files = {{
            kind: {{path.stem: path for path in sorted((Path(root) / folder).glob("*"))
                   if path.suffix.lower() in suffixes and not path.name.startswith(".")}}
            for kind, (folder, suffixes) in FOLDERS.items()
        }}
        self.keys = sorted(set().union(*self.files.values()))
        self.side = side
        words = sorted({{word for path in self.files["caption"].values() for word in read_words(path)}})
        self.words = {{word: number for number, word in enumerate(words, 2)}}  # 0: padding, 1: unknown

    def __len__(self):
        return len(self.keys)

    def __getitem__(self, index):
        key = self.keys[index]
        image, caption, sound = (found.get(key) for found in self.files.values())
        sample = {{
            "key": key,
            "image": torch.zeros(3, self.side, self.side, dtype=torch.uint8),
            "tokens": torch.zeros(0, dtype=torch.int64),
            "sound": torch.zeros(0),
            "present": torch.tensor([path is not None for path in (image, caption, sound)]),
        }}
        if image:
            with Image.open(image) as picture:
                upright = ImageOps.exif_transpose(picture).convert("RGB")
            sample["image"] = F.pil_to_tensor(ImageOps.pad(upright, (self.side, self.side)))
        if caption:
            sample["tokens"] = torch.tensor([self.words.get(word, 1) for word in read_words(caption)])
        if sound:
            samples, rate = soundfile.read(sound, dtype="float32", always_2d=True)
            sample["sound"] = torch.from_numpy(samples.mean(1))
        return sample


def read_words(path):
    words = path.read_text(encoding="utf-8-sig").lower().split()
    return [word for word in (word.strip(".,:;!?\\"'") for word in words) if word]


def collate(samples):
    """Pads words and sounds to the longest of the batch, and says how long each is."""
    tokens = pad_sequence([one["tokens"] for one in samples], batch_first=True)
    lengths = torch.tensor([len(one["tokens"]) for one in samples])
    return {{
        "keys": [one["key"] for one in samples],
        "images": torch.stack([one["image"] for one in samples]),
        "tokens": tokens,
        "token_mask": torch.arange(tokens.shape[1]) < lengths[:, None],
        "sounds": pad_sequence([one["sound"] for one in samples], batch_first=True),
        "sound_lengths": torch.tensor([len(one["sound"]) for one in samples]),
        "present": torch.stack([one["present"] for one in samples]),
    }}


def first_batch(root):
    scenes = Scenes(root)
    rows = {rows}
    return next(iter(DataLoader(Subset(scenes, rows), batch_size={size}, collate_fn=collate)))
'''
_ALL = "range({first}, len(scenes))"
_COMPLETE = '[at for at in range(len(scenes)) if scenes[at]["present"].all()][{first}:]'


def scene_code(
    folders: dict[str, tuple[str, tuple[str, ...]]], side: int, first: int, size: int, only_complete: bool
) -> str:
    """A Dataset, a collate_fn, and `first_batch(root)`."""
    rows = (_COMPLETE if only_complete else _ALL).format(first=first)
    return _SCRIPT.format(folders=folders, side=side, rows=rows, size=size)
