// CRC-32 checksum, as in zip and PNG files. It detects every change of up to 32 adjacent bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace teachable {

/// Tables for the "slicing-by-8" algorithm.
using Crc32Tables = std::array<std::array<uint32_t, 256>, 8>;

/// Computes the tables. They are computed at first use, because constant tables would add 8 KB to
/// the module.
inline Crc32Tables make_crc32_tables() {
  Crc32Tables tables;
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (value & 1 ? 0xEDB88320u : 0u);
    tables[0][i] = value;
  }
  for (size_t t = 1; t < 8; ++t) {
    for (size_t i = 0; i < 256; ++i) {
      tables[t][i] = (tables[t - 1][i] >> 8) ^ tables[0][tables[t - 1][i] & 0xFF];
    }
  }
  return tables;
}

/// Returns the CRC-32 of the bytes. For bytes in pieces, start with 0 and call crc = crc32(piece,
/// crc) for each piece.
inline uint32_t crc32(std::span<const std::byte> bytes, uint32_t crc = 0) {
  // Eight tables allow eight bytes per step. Data sets can have hundreds of megabytes.
  static const Crc32Tables kTables = make_crc32_tables();
  const auto at = [&](size_t i) { return static_cast<uint32_t>(bytes[i]); };
  crc = ~crc;
  size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    const uint32_t low = crc ^ (at(i) | at(i + 1) << 8 | at(i + 2) << 16 | at(i + 3) << 24);
    crc = kTables[7][low & 0xFF] ^ kTables[6][low >> 8 & 0xFF] ^ kTables[5][low >> 16 & 0xFF] ^
          kTables[4][low >> 24] ^ kTables[3][at(i + 4)] ^ kTables[2][at(i + 5)] ^
          kTables[1][at(i + 6)] ^ kTables[0][at(i + 7)];
  }
  for (; i < bytes.size(); ++i) crc = (crc >> 8) ^ kTables[0][(crc ^ at(i)) & 0xFF];
  return ~crc;
}

}  // namespace teachable
