# The cells of the exercises of chapter 1; website/ce_site/exercises.py tells what the parts are.

# %% 1 begin
letters = ...  # how many letters a password of at least 64 bits has
nats = ...  # the surprisal of one letter, in nats

# %% 1 answer
letters, nats = int(np.ceil(64 / np.log2(26))), np.log(26)

# %% 1 mistake: 13 letters have only 61.1 bits. At least 64 are asked for, so round up.
letters = 13

# %% 1 mistake: That divides 64 bits by a surprisal in nats. Divide bits by bits.
letters = int(np.ceil(64 / np.log(26)))

# %% 1 mistake: That is the surprisal of a letter in bits. One bit is ln 2 nats.
nats = np.log2(26)

# %% 2 begin
words = [...]  # the six words, with 2, 2, 2, 3, 4, 4 digits, as strings

# %% 2 answer
words = ["00", "01", "10", "110", "1110", "1111"]

# %% 2 check
assert words != [...], "Put the six words in place of the dots, for example '00'."
assert all(isinstance(w, str) and {*w} <= {"0", "1"} for w in words), (
    "Each word is a string of the digits 0 and 1, in quotes."
)
assert sorted(map(len, words)) == [2, 2, 2, 3, 4, 4], (
    f"The words should have 2, 2, 2, 3, 4, 4 digits; yours have {sorted(map(len, words))}."
)
assert len({*words}) == 6, "Two of your words are the same."
for a in words:
    for b in words:
        assert a == b or not b.startswith(a), (
            f"{a} is the beginning of {b}, so a reader cannot tell where it ends."
        )

# %% 2 mistake: is the beginning of (hint: No word may be the beginning of another one.)
words = ["00", "01", "10", "100", "1110", "1111"]

# %% 2 mistake: Each word is a string of the digits 0 and 1, in quotes.
words = [0, 1, 10, 110, 1110, 1111]

# %% 2 mistake: The words should have 2, 2, 2, 3, 4, 4 digits (hint: Take the running sums 0, 1/4, 2/4, 3/4, ... in binary, each with as many digits as its word has.)
words = ["0", "01", "10", "110", "1110", "1111"]

# %% 3 begin (imports story huffman)
# story and counts are the chapter's; so are Counter and pairwise.
H_pair = ...  # the entropy of a pair of neighbouring letters, in bits
saved = ...  # how many bits less the second letter has for one who knows the first

# %% 3 answer
share = np.array(list(Counter(pairwise(story)).values())) / (len(story) - 1)
H = ce.entropy(np.array(list(counts.values())) / len(story), base=2)
H_pair = ce.entropy(share, base=2)
saved = 2 * H - H_pair

# %% 3 mistake: That is the entropy in nats. Use base=2 for bits.
H_pair = H_pair * np.log(2)

# %% 3 mistake: That is twice the entropy of a letter, as if neighbours were independent. Count the pairs.
H_pair = 2 * H

# %% 3 mistake: Those pairs do not overlap, so half of the neighbours are left out. Use pairwise(story).
apart = Counter(story[k : k + 2] for k in range(0, len(story) - 1, 2))
H_pair = ce.entropy(np.array(list(apart.values())) / apart.total(), base=2)

# %% 3 mistake: That is the entropy of the second letter for one who knows the first. How much is it below that of a letter?
saved = H_pair - H

# %% 4 begin
rates = np.array([0.7, 0.2, 0.1])
shannon = ...  # the mean length of Shannon's code, in digits
huffman = ...  # the mean length of Huffman's code, in digits
entropy = ...  # in bits

# %% 4 answer
rates = np.array([0.7, 0.2, 0.1])
shannon, huffman = rates @ [1, 3, 4], rates @ [1, 2, 2]
entropy = ce.entropy(rates, base=2)

# %% 4 mistake: That is the mean of the three lengths. Weight each length by how often its letter comes.
shannon = 8 / 3

# %% 4 mistake: Shannon rounds every surprisal up, 2.32 to 3 and 3.32 to 4. You rounded to the nearest.
shannon = rates @ [1, 2, 3]

# %% 4 mistake: That is the entropy in nats. Use base=2 for bits.
entropy = ce.entropy(rates)

# %% 4 mistake: That is the mean of the three lengths, 1, 2 and 2. Weight each length by how often its letter comes.
huffman = 5 / 3

# %% 6 begin
rates = np.array([0.4, 0.25, 0.15, 0.12, 0.08])
allowed = ...  # how many sets of five lengths from 1 to 4 satisfy Kraft's inequality
best = ...  # the smallest mean length among them

# %% 6 answer
from itertools import product

rates = np.array([0.4, 0.25, 0.15, 0.12, 0.08])
sets = [n for n in product(range(1, 5), repeat=5) if sum(0.5**k for k in n) <= 1]
allowed, best = len(sets), min(rates @ np.array(n) for n in sets)

# %% 6 mistake: That counts only the sets whose sum is exactly 1. Kraft's inequality allows less, too.
allowed = len([n for n in sets if sum(0.5**k for k in n) == 1])

# %% 6 mistake: That counts each set once, whatever the order. The order tells which letter has which length.
allowed = len({tuple(sorted(n)) for n in sets})

# %% 6 mistake: That is below what any prefix code reaches: did you leave out Kraft's inequality?
best = 1.0

# %% 6 mistake: That is the entropy. No code with whole digits reaches it here.
best = ce.entropy(rates, base=2)
