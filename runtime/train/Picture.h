//===- Picture.h - a small raster picture and its PNG form ----------------===//
//
// Enough to draw a chart without a library: antialiased lines and discs, text
// in a 5 x 7 dot font, and a PNG writer (RFC 1950, 1951, PNG 1.2).
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_TRAIN_PICTURE_H
#define LLMC_RUNTIME_TRAIN_PICTURE_H

#include "core/Status.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::runtime {

/// A colour as 0xRRGGBB.
using Color = uint32_t;

class Picture {
public:
  Picture(int width, int height, Color background);

  int width() const { return columns; }
  int height() const { return rows; }

  /// A straight line with round ends; coordinates in pixels, y downwards.
  void line(double x0, double y0, double x1, double y1, double thickness,
            Color color);
  void disc(double x, double y, double radius, Color color);
  /// Text whose top left corner is (x, y); a dot is `scale` pixels. Characters
  /// that the font lacks are left blank.
  void text(double x, double y, int scale, Color color, std::string_view text);
  static int textWidth(std::string_view text, int scale);

  Status writePng(const std::string &path) const;

private:
  void blend(int x, int y, Color color, double coverage);

  int columns;
  int rows;
  std::vector<uint8_t> pixels; // [rows, columns, 3]
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_PICTURE_H
