"""Short names of emoji, as Discourse writes them where others have the character itself."""

from __future__ import annotations

from typing import Final

CHARACTERS: Final = {
    "slight_smile": "🙂", "slightly_smiling_face": "🙂", "smile": "😄", "smiley": "😃", "grinning": "😀",
    "grin": "😁", "blush": "😊", "relaxed": "😊", "laughing": "😆", "joy": "😂", "rofl": "🤣",
    "sweat_smile": "😅", "wink": "😉", "stuck_out_tongue": "😛", "stuck_out_tongue_winking_eye": "😜",
    "stuck_out_tongue_closed_eyes": "😝", "sunglasses": "😎", "nerd_face": "🤓", "heart_eyes": "😍",
    "kissing_heart": "😘", "heart": "❤️", "two_hearts": "💕", "green_heart": "💚", "broken_heart": "💔",
    "tada": "🎉", "confetti_ball": "🎊", "raised_hands": "🙌", "clap": "👏", "pray": "🙏", "+1": "👍",
    "thumbsup": "👍", "ok_hand": "👌", "-1": "👎", "thumbsdown": "👎", "confused": "😕",
    "slightly_frowning_face": "🙁", "frowning": "😦", "frowning_face": "☹️", "disappointed": "😞",
    "pensive": "😔", "cry": "😢", "sob": "😭", "tired_face": "😫", "weary": "😩", "angry": "😠", "rage": "😡",
    "triumph": "😤", "unamused": "😒", "expressionless": "😑", "smirk": "😏", "upside_down_face": "🙃",
    "roll_eyes": "🙄", "rolling_eyes": "🙄", "facepalm": "🤦", "man_facepalming": "🤦", "shrug": "🤷",
}  # fmt: skip
"""Faces, hearts and hands, which tell how something is meant; other names stay as they are written."""


def character(short_name: str) -> str:
    """The emoji of a short name (``:wink:``, also with a skin tone ``:+1:t2:``), else what was given."""
    return CHARACTERS.get(short_name.strip(":").split(":")[0], short_name)
