"""Write the token part of the built-in encoder for model2vec and sentence-transformers.

`python scripts/export_encoder.py -o FOLDER`, then `StaticModel.from_pretrained(FOLDER)` or
`SentenceTransformer(FOLDER)`. Token pairs and the cause columns stay behind: neither library
has a place for them. What `normalise` does travels in the tokenizer, except the splitting of
hashtags and HTML entities.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from tokenizers import Regex, Tokenizer, normalizers

from rootcause.bundled import bundled


def normaliser() -> normalizers.Normalizer:
    """Return the steps of `rootcause.text.normalise` that a tokenizer file can hold."""
    step = normalizers.Replace
    return normalizers.Sequence(
        [
            normalizers.NFKC(),
            step(Regex("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]"), ""),
            step(Regex(r"(?i)(?:https?://|www\.)\S+"), " url "),
            step(Regex(r"\b[\w.+-]+@[\w-]+\.[\w.-]+\b"), " email "),
            step(Regex(r"(?<!\w)@\w+"), " @user "),
            step("\u2019", "'"),
            step(Regex("[\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]"), ""),
            normalizers.Lowercase(),
            step(Regex(r"\d{4,}"), "0000"),
            step(Regex(r"([^\d\s])(?=\1\1)"), ""),
            step(Regex(r"(?<=n)'t\b"), "t"),
        ]
    )


def main() -> None:
    """Read the encoder, write the folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--encoder", type=Path, default=bundled("models/encoder"))
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()

    tokenizer = Tokenizer.from_file(str(options.encoder / "tokenizer.json"))
    tokenizer.normalizer = normaliser()
    tensors = load_file(options.encoder / "model.safetensors")
    rows = tensors["table"].astype(np.float32) * tensors["scale"][:, None]
    rows = rows[: tokenizer.get_vocab_size()]

    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "1_Normalize").mkdir(exist_ok=True)
    save_file({"embeddings": rows}, options.output / "model.safetensors")
    tokenizer.save(str(options.output / "tokenizer.json"), pretty=False)
    config = {
        "model_type": "model2vec",
        "architectures": ["StaticModel"],
        "normalize": True,
        "hidden_dim": rows.shape[1],
        "seq_length": 1_000_000,
        "embedding_dtype": "float32",
    }
    kinds = ["StaticEmbedding", "Normalize"]
    modules = [
        {
            "idx": i,
            "name": str(i),
            "path": [".", "1_Normalize"][i],
            "type": f"sentence_transformers.models.{kind}",
        }
        for i, kind in enumerate(kinds)
    ]
    (options.output / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    (options.output / "modules.json").write_text(json.dumps(modules, indent=1) + "\n")


if __name__ == "__main__":
    main()
