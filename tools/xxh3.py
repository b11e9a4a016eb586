"""XXH3-64 with a seed, in Python alone, for tools/read-trace.

After the specification of xxHash (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md).
"""
import struct

SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221"
    "b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb"
    "170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e")
MASK32 = (1 << 32) - 1
MASK64 = (1 << 64) - 1
PRIME32_1, PRIME32_2, PRIME32_3 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D
PRIME64_1, PRIME64_2, PRIME64_3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
PRIME64_4, PRIME64_5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
PRIME_MX1, PRIME_MX2 = 0x165667919E3779F9, 0x9FB21C651E98DF25
STRIPE_BYTES, BLOCK_BYTES = 64, 1024


def u32(data, at=0):
    return int.from_bytes(data[at:at + 4], "little")


def u64(data, at=0):
    return int.from_bytes(data[at:at + 8], "little")


def rotated(value, bits):
    return (value << bits | value >> (64 - bits)) & MASK64


def swapped(value, size):
    return int.from_bytes(value.to_bytes(size, "little"), "big")


def folded_product(a, b):
    product = a * b
    return (product & MASK64) ^ (product >> 64)


def avalanche(value):
    value ^= value >> 37
    value = value * PRIME_MX1 & MASK64
    return value ^ value >> 32


def avalanche_xxh64(value):
    value ^= value >> 33
    value = value * PRIME64_2 & MASK64
    value ^= value >> 29
    value = value * PRIME64_3 & MASK64
    return value ^ value >> 32


def hash_up_to_16(data, seed):
    size = len(data)
    if size == 0:
        return avalanche_xxh64(seed ^ u64(SECRET, 56) ^ u64(SECRET, 64))
    if size < 4:
        combined = data[0] << 16 | data[size >> 1] << 24 | data[-1] | size << 8
        return avalanche_xxh64(combined ^ ((u32(SECRET) ^ u32(SECRET, 4)) + seed & MASK64))
    if size <= 8:
        seed ^= swapped(seed & MASK32, 4) << 32
        value = u32(data, size - 4) + (u32(data) << 32) ^ ((u64(SECRET, 8) ^ u64(SECRET, 16)) - seed & MASK64)
        value ^= rotated(value, 49) ^ rotated(value, 24)
        value = value * PRIME_MX2 & MASK64
        value ^= (value >> 35) + size
        value = value * PRIME_MX2 & MASK64
        return value ^ value >> 28
    low = u64(data) ^ ((u64(SECRET, 24) ^ u64(SECRET, 32)) + seed & MASK64)
    high = u64(data, size - 8) ^ ((u64(SECRET, 40) ^ u64(SECRET, 48)) - seed & MASK64)
    return avalanche(size + swapped(low, 8) + high + folded_product(low, high) & MASK64)


def mixed(data, at, secret_at, seed):
    low = u64(data, at) ^ (u64(SECRET, secret_at) + seed & MASK64)
    return folded_product(low, u64(data, at + 8) ^ (u64(SECRET, secret_at + 8) - seed & MASK64))


def hash_up_to_128(data, seed):
    size = len(data)
    total = size * PRIME64_1
    for pair in range((size - 1) // 32 + 1):
        total += mixed(data, 16 * pair, 32 * pair, seed)
        total += mixed(data, size - 16 * (pair + 1), 32 * pair + 16, seed)
    return avalanche(total & MASK64)


def hash_up_to_240(data, seed):
    size = len(data)
    total = size * PRIME64_1 + sum(mixed(data, 16 * i, 16 * i, seed) for i in range(8))
    total = avalanche(total & MASK64)
    total += sum(mixed(data, 16 * i, 16 * (i - 8) + 3, seed) for i in range(8, size // 16))
    return avalanche(total + mixed(data, size - 16, 136 - 17, seed) & MASK64)


def accumulate(sums, stripe, key):
    for i, (value, secret) in enumerate(zip(struct.unpack("<8Q", stripe), struct.unpack("<8Q", key))):
        product = value ^ secret
        sums[i ^ 1] = sums[i ^ 1] + value & MASK64
        sums[i] = sums[i] + (product & MASK32) * (product >> 32) & MASK64


def hash_long(data, seed):
    size = len(data)
    secret = b"".join(struct.pack("<QQ", u64(SECRET, i) + seed & MASK64, u64(SECRET, i + 8) - seed & MASK64)
                      for i in range(0, len(SECRET), 16))
    keys = [secret[8 * i:8 * i + 64] for i in range(BLOCK_BYTES // STRIPE_BYTES)]
    scramble = struct.unpack("<8Q", secret[-64:])
    sums = [PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3, PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1]
    for number in range((size - 1) // STRIPE_BYTES):
        at = number * STRIPE_BYTES
        accumulate(sums, data[at:at + STRIPE_BYTES], keys[number % len(keys)])
        if number % len(keys) == len(keys) - 1:
            sums = [(value ^ value >> 47 ^ key) * PRIME32_1 & MASK64 for value, key in zip(sums, scramble)]
    accumulate(sums, data[-STRIPE_BYTES:], secret[121:185])
    result = size * PRIME64_1
    for i in range(4):
        result += folded_product(sums[2 * i] ^ u64(secret, 11 + 16 * i), sums[2 * i + 1] ^ u64(secret, 19 + 16 * i))
    return avalanche(result & MASK64)


def xxh3_64(data, seed=0):
    """The hash of bytes, as an integer."""
    if len(data) <= 16:
        return hash_up_to_16(data, seed)
    if len(data) <= 128:
        return hash_up_to_128(data, seed)
    return hash_up_to_240(data, seed) if len(data) <= 240 else hash_long(data, seed)
