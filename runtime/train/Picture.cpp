//===- Picture.cpp - a small raster picture and its PNG form --------------===//

#include "train/Picture.h"

#include "core/File.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

namespace llmc::runtime {
namespace {

struct Glyph {
  char character;
  uint8_t rows[7]; // the five low bits, leftmost dot first
};

constexpr Glyph glyphs[] = {
    {'0', {14, 17, 19, 21, 25, 17, 14}}, {'1', {4, 12, 4, 4, 4, 4, 14}},
    {'2', {14, 17, 1, 2, 4, 8, 31}},     {'3', {31, 2, 4, 2, 1, 17, 14}},
    {'4', {2, 6, 10, 18, 31, 2, 2}},     {'5', {31, 16, 30, 1, 1, 17, 14}},
    {'6', {6, 8, 16, 30, 17, 17, 14}},   {'7', {31, 1, 2, 4, 8, 8, 8}},
    {'8', {14, 17, 17, 14, 17, 17, 14}}, {'9', {14, 17, 17, 15, 1, 2, 12}},
    {'.', {0, 0, 0, 0, 0, 12, 12}},      {'-', {0, 0, 0, 31, 0, 0, 0}},
    {'_', {0, 0, 0, 0, 0, 0, 31}},       {'a', {0, 0, 14, 1, 15, 17, 15}},
    {'b', {16, 16, 22, 25, 17, 17, 30}}, {'c', {0, 0, 14, 16, 16, 17, 14}},
    {'d', {1, 1, 13, 19, 17, 17, 15}},   {'e', {0, 0, 14, 17, 31, 16, 14}},
    {'f', {6, 9, 8, 28, 8, 8, 8}},       {'g', {0, 15, 17, 17, 15, 1, 14}},
    {'h', {16, 16, 22, 25, 17, 17, 17}}, {'i', {4, 0, 12, 4, 4, 4, 14}},
    {'j', {2, 0, 6, 2, 2, 18, 12}},      {'k', {16, 16, 18, 20, 24, 20, 18}},
    {'l', {12, 4, 4, 4, 4, 4, 14}},      {'m', {0, 0, 26, 21, 21, 17, 17}},
    {'n', {0, 0, 22, 25, 17, 17, 17}},   {'o', {0, 0, 14, 17, 17, 17, 14}},
    {'p', {0, 0, 30, 17, 30, 16, 16}},   {'q', {0, 0, 13, 19, 15, 1, 1}},
    {'r', {0, 0, 22, 25, 16, 16, 16}},   {'s', {0, 0, 14, 16, 14, 1, 30}},
    {'t', {8, 8, 28, 8, 8, 9, 6}},       {'u', {0, 0, 17, 17, 17, 19, 13}},
    {'v', {0, 0, 17, 17, 17, 10, 4}},    {'w', {0, 0, 17, 17, 21, 21, 10}},
    {'x', {0, 0, 17, 10, 4, 10, 17}},    {'y', {0, 0, 17, 17, 15, 1, 14}},
    {'z', {0, 0, 31, 2, 4, 8, 31}},
};

const Glyph *findGlyph(char character) {
  auto lower =
      static_cast<char>(std::tolower(static_cast<unsigned char>(character)));
  for (const Glyph &glyph : glyphs)
    if (glyph.character == lower)
      return &glyph;
  return nullptr;
}

constexpr int glyphAdvance = 6;

/// Deflate with the fixed Huffman code; the only matches are runs of one byte,
/// which is what a filtered chart consists of.
class Deflater {
public:
  std::string compress(const std::vector<uint8_t> &data) {
    output = {'\x78', '\x01'}; // zlib: deflate, 32 KiB window
    putBits(1, 1);             // the last block
    putBits(1, 2);             // fixed Huffman code
    for (size_t at = 0; at < data.size();) {
      putSymbol(data[at]);
      size_t run = 1;
      while (at + run < data.size() && data[at + run] == data[at])
        ++run;
      putRun(data[at], run - 1);
      at += run;
    }
    putSymbol(256); // end of block
    if (bitCount > 0)
      putBits(0, 8 - bitCount);
    uint32_t a = 1, b = 0;
    for (uint8_t byte : data) {
      a = (a + byte) % 65521;
      b = (b + a) % 65521;
    }
    for (int shift : {8, 0})
      output += static_cast<char>(b >> shift);
    for (int shift : {8, 0})
      output += static_cast<char>(a >> shift);
    return output;
  }

private:
  /// `count` more copies of the byte just written.
  void putRun(uint8_t byte, size_t count) {
    // Lengths 3 to 10 and 258 have symbols without extra bits.
    while (count >= 3) {
      size_t length = count >= 258 ? 258 : std::min<size_t>(count, 10);
      putSymbol(length == 258 ? 285 : static_cast<unsigned>(254 + length));
      putBits(0, 5); // distance 1
      count -= length;
    }
    for (; count > 0; --count)
      putSymbol(byte);
  }

  void putSymbol(unsigned symbol) {
    if (symbol < 144)
      putCode(0x30 + symbol, 8);
    else if (symbol < 256)
      putCode(0x190 + symbol - 144, 9);
    else if (symbol < 280)
      putCode(symbol - 256, 7);
    else
      putCode(0xc0 + symbol - 280, 8);
  }

  /// Huffman codes go in from their highest bit.
  void putCode(unsigned code, int length) {
    for (int bit = length - 1; bit >= 0; --bit)
      putBits(code >> bit & 1, 1);
  }

  void putBits(unsigned value, int count) {
    for (int bit = 0; bit < count; ++bit) {
      current |= static_cast<uint8_t>((value >> bit & 1) << bitCount);
      if (++bitCount == 8) {
        output += static_cast<char>(current);
        current = 0;
        bitCount = 0;
      }
    }
  }

  std::string output;
  uint8_t current = 0;
  int bitCount = 0;
};

uint32_t crc32(std::string_view data) {
  static const std::array<uint32_t, 256> table = [] {
    std::array<uint32_t, 256> entries;
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit)
        value = value & 1 ? 0xedb88320u ^ value >> 1 : value >> 1;
      entries[i] = value;
    }
    return entries;
  }();
  uint32_t crc = 0xffffffffu;
  for (char c : data)
    crc = table[(crc ^ static_cast<uint8_t>(c)) & 255] ^ crc >> 8;
  return ~crc;
}

std::string bigEndian(uint32_t value) {
  std::string text;
  for (int shift : {24, 16, 8, 0})
    text += static_cast<char>(value >> shift);
  return text;
}

std::string pngChunk(const std::string &type, const std::string &data) {
  return bigEndian(static_cast<uint32_t>(data.size())) + type + data +
         bigEndian(crc32(type + data));
}

} // namespace

Picture::Picture(int width, int height, Color background)
    : columns(width), rows(height),
      pixels(static_cast<size_t>(width) * static_cast<size_t>(height) * 3) {
  for (size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<uint8_t>(background >> (16 - 8 * (i % 3)));
}

void Picture::blend(int x, int y, Color color, double coverage) {
  if (x < 0 || y < 0 || x >= columns || y >= rows || coverage <= 0)
    return;
  uint8_t *pixel =
      &pixels[(static_cast<size_t>(y) * static_cast<size_t>(columns) +
               static_cast<size_t>(x)) *
              3];
  coverage = std::min(coverage, 1.0);
  for (int channel = 0; channel < 3; ++channel) {
    double target = color >> (16 - 8 * channel) & 255;
    pixel[channel] = static_cast<uint8_t>(
        std::lround(pixel[channel] + (target - pixel[channel]) * coverage));
  }
}

void Picture::line(double x0, double y0, double x1, double y1, double thickness,
                   Color color) {
  const double reach = thickness / 2 + 1;
  const double dx = x1 - x0, dy = y1 - y0;
  const double lengthSquared = dx * dx + dy * dy;
  int left = static_cast<int>(std::floor(std::min(x0, x1) - reach));
  int right = static_cast<int>(std::ceil(std::max(x0, x1) + reach));
  int top = static_cast<int>(std::floor(std::min(y0, y1) - reach));
  int bottom = static_cast<int>(std::ceil(std::max(y0, y1) + reach));
  for (int y = top; y <= bottom; ++y)
    for (int x = left; x <= right; ++x) {
      // Coverage by the distance of the pixel's centre from the segment.
      double px = x + 0.5 - x0, py = y + 0.5 - y0;
      double along =
          lengthSquared > 0
              ? std::clamp((px * dx + py * dy) / lengthSquared, 0.0, 1.0)
              : 0.0;
      double distance = std::hypot(px - along * dx, py - along * dy);
      blend(x, y, color, thickness / 2 + 0.5 - distance);
    }
}

void Picture::disc(double x, double y, double radius, Color color) {
  line(x, y, x, y, 2 * radius, color);
}

int Picture::textWidth(std::string_view text, int scale) {
  return static_cast<int>(text.size()) * glyphAdvance * scale;
}

void Picture::text(double x, double y, int scale, Color color,
                   std::string_view text) {
  int left = static_cast<int>(x), top = static_cast<int>(y);
  for (char character : text) {
    const Glyph *glyph = findGlyph(character);
    for (int row = 0; glyph && row < 7 * scale; ++row)
      for (int column = 0; column < 5 * scale; ++column)
        if (glyph->rows[row / scale] >> (4 - column / scale) & 1)
          blend(left + column, top + row, color, 1);
    left += glyphAdvance * scale;
  }
}

Status Picture::writePng(const std::string &path) const {
  const size_t stride = static_cast<size_t>(columns) * 3;
  std::vector<uint8_t> filtered;
  filtered.reserve(pixels.size() + static_cast<size_t>(rows));
  for (size_t row = 0; row < static_cast<size_t>(rows); ++row) {
    filtered.push_back(2); // filter "up": the difference to the row above
    for (size_t i = 0; i < stride; ++i)
      filtered.push_back(
          static_cast<uint8_t>(pixels[row * stride + i] -
                               (row > 0 ? pixels[(row - 1) * stride + i] : 0)));
  }
  std::string header = bigEndian(static_cast<uint32_t>(columns)) +
                       bigEndian(static_cast<uint32_t>(rows));
  header += {'\x08', '\x02', '\0', '\0', '\0'}; // 8 bits, RGB, not interlaced
  return writeFileAtomically(
      path, "\x89PNG\r\n\x1a\n" + pngChunk("IHDR", header) +
                pngChunk("IDAT", Deflater().compress(filtered)) +
                pngChunk("IEND", ""));
}

} // namespace llmc::runtime
