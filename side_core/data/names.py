"""Names for people who do not exist: the captions of faces are made of them."""

GIVEN = tuple(
    """
    Ada Amir Anna Aoife Boris Carla Chen Clara Dario Dina Elena Emil Esra Farid Fiona Goran Greta Hana Hugo Ines
    Ivan Jana Jonas Kaya Kemal Lara Leon Lucia Malik Mara Milan Nadia Noah Olga Omar Paula Pavel Quinn Rania Remy
    Rosa Samir Selma Sofia Tariq Tess Uma Viktor Wanda Yusuf
    """.split()  # noqa: SIM905
)
"""50 given names."""

FAMILY = tuple(
    """
    Abadi Adler Almeida Arslan Bauer Becker Berg Bianchi Blom Borg Castro Chang Costa Dahl Demir Dubois Eriksen
    Fabre Ferrari Fischer Fontana Garcia Gruber Haas Hansen Horvat Ito Ivanov Jansen Jensen Kaplan Keller Kim Koch
    Kovac Kowalski Lang Larsen Laurent Leroy Lopez Maier Marino Martin Mehta Meyer Moreau Moretti Murphy Nagy Nguyen
    Novak Okafor Olsen Osman Patel Pavlov Petrov Popov Quiroga Ramos Reyes Ricci Rossi Rousseau Sato Schmidt
    Silva Singh Sokolov Suzuki Tanaka Torres Varga Vogel Wagner Walsh Weber Yilmaz Zimmer
    """.split()  # noqa: SIM905
)
"""80 family names."""

TEMPLATE_FAMILY = tuple(
    """
    Acosta Bakker Carvalho Dvorak Engel Farkas Gomez Huber Ibrahim Jovanovic Klein Lindqvist Mancini Nilsen Orlov
    Peeters Rahman Santos Takeda Ueda
    """.split()  # noqa: SIM905
)
"""20 family names whose bearers all look the same in training: one face under many captions."""
