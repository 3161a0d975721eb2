//===- LossCurve.cpp - the loss of a run as a picture ---------------------===//

#include "train/LossCurve.h"

#include "core/File.h"
#include "train/Picture.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace llmc::runtime {
namespace {

using Points = std::vector<LossPoint>;

constexpr int pictureWidth = 1200, pictureHeight = 675;
constexpr double left = 90, right = pictureWidth - 30.0, top = 70,
                 bottom = pictureHeight - 70.0;
constexpr Color background = 0xffffff, gridColor = 0xe6e9ee,
                axisColor = 0x5b6470, textColor = 0x2b3138,
                trainColor = 0xb9d3ec, averageColor = 0x1f6fb5,
                heldOutColor = 0xe0702b;

/// At most `limit` points, each the mean of its neighbours.
Points thinned(const Points &points, size_t limit) {
  if (points.size() <= limit)
    return points;
  Points result;
  for (size_t i = 0; i < limit; ++i) {
    size_t first = points.size() * i / limit;
    size_t last = points.size() * (i + 1) / limit;
    LossPoint mean{0, 0};
    for (size_t j = first; j < last; ++j) {
      mean.step += points[j].step / static_cast<double>(last - first);
      mean.loss += points[j].loss / static_cast<double>(last - first);
    }
    result.push_back(mean);
  }
  return result;
}

/// The mean of each point and its neighbours, a fiftieth of the run in all. The
/// window is centred, so that the average does not lag behind a falling loss;
/// towards the ends it shrinks.
Points averaged(const Points &points) {
  std::vector<double> sums = {0};
  for (const LossPoint &point : points)
    sums.push_back(sums.back() + point.loss);
  Points result;
  for (size_t i = 0; i < points.size(); ++i) {
    size_t half = std::min({points.size() / 100, i, points.size() - 1 - i});
    double sum = sums[i + half + 1] - sums[i - half];
    result.push_back({points[i].step, sum / static_cast<double>(2 * half + 1)});
  }
  return result;
}

struct Range {
  double low = 0;
  double high = 1;

  /// Where `value` lies, 0 at `low` and 1 at `high`.
  double place(double value) const { return (value - low) / (high - low); }
};

/// Round numbers inside the range, about `count` of them.
std::vector<double> ticks(const Range &range, int count) {
  double rough = (range.high - range.low) / count;
  double power = std::pow(10.0, std::floor(std::log10(rough)));
  double unit = 10 * power;
  for (double factor : {1.0, 2.0, 5.0})
    if (factor * power >= rough) {
      unit = factor * power;
      break;
    }
  std::vector<double> result;
  double first = std::ceil(range.low / unit - 1e-9);
  for (double i = first; i * unit <= range.high + unit * 1e-9; ++i)
    result.push_back(i * unit + 0.0); // no negative zero
  return result;
}

/// What all drawings share: the curves and the ranges of the two axes.
struct Chart {
  Points train, average, heldOut;
  Range steps, losses;

  explicit Chart(const LossHistory &history)
      : train(thinned(history.train, 1000)),
        average(thinned(averaged(history.train), 1000)),
        heldOut(history.heldOut) {
    bool first = true;
    for (const Points *points : {&train, &heldOut})
      for (const LossPoint &point : *points) {
        steps.high = std::max(steps.high, point.step);
        losses.low = first ? point.loss : std::min(losses.low, point.loss);
        losses.high = first ? point.loss : std::max(losses.high, point.loss);
        first = false;
      }
    double margin = std::max(1e-3, 0.04 * (losses.high - losses.low));
    losses.low -= margin;
    losses.high += margin;
  }

  double x(double step) const {
    return left + (right - left) * steps.place(step);
  }
  double y(double loss) const {
    return bottom - (bottom - top) * losses.place(loss);
  }
};

std::string tickLabel(double value) { return fmt::format("{:g}", value); }

std::string svgLine(double x0, double y0, double x1, double y1, Color color) {
  return fmt::format(
      "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" "
      "stroke=\"#{:06x}\"/>\n",
      x0, y0, x1, y1, color);
}

std::string svgText(double x, double y, const char *anchor, int size,
                    const std::string &text) {
  std::string escaped;
  for (char c : text)
    escaped += c == '&' ? "&amp;" : c == '<' ? "&lt;" : std::string(1, c);
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" "
                     "font-size=\"{}\">{}</text>\n",
                     x, y, anchor, size, escaped);
}

std::string svgCurve(const Chart &chart, const Points &points, double width,
                     Color color) {
  std::string text = "<polyline fill=\"none\" stroke-linejoin=\"round\" "
                     "points=\"";
  for (const LossPoint &point : points)
    text +=
        fmt::format("{:.1f},{:.1f} ", chart.x(point.step), chart.y(point.loss));
  return text + fmt::format("\" stroke=\"#{:06x}\" stroke-width=\"{}\"/>\n",
                            color, width);
}

struct LegendEntry {
  const char *name;
  Color color;
};
constexpr LegendEntry legend[] = {{"training", trainColor},
                                  {"average", averageColor},
                                  {"held-out", heldOutColor}};
constexpr double legendStep = 160;

std::string makeSvg(const Chart &chart, const std::string &title) {
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" "
      "font-family=\"sans-serif\" fill=\"#{:06x}\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#{:06x}\"/>\n",
      pictureWidth, pictureHeight, textColor, background);
  for (double tick : ticks(chart.losses, 7)) {
    svg += svgLine(left, chart.y(tick), right, chart.y(tick), gridColor);
    svg += svgText(left - 12, chart.y(tick) + 6, "end", 17, tickLabel(tick));
  }
  for (double tick : ticks(chart.steps, 8)) {
    svg += svgLine(chart.x(tick), bottom, chart.x(tick), bottom + 6, axisColor);
    svg += svgText(chart.x(tick), bottom + 26, "middle", 17, tickLabel(tick));
  }
  svg += svgCurve(chart, chart.train, 1, trainColor);
  svg += svgCurve(chart, chart.average, 2.5, averageColor);
  svg += svgCurve(chart, chart.heldOut, 2, heldOutColor);
  for (const LossPoint &point : chart.heldOut)
    svg += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" fill=\"#{:06x}\"/>\n",
        chart.x(point.step), chart.y(point.loss), heldOutColor);
  svg += svgLine(left, top, left, bottom, axisColor);
  svg += svgLine(left, bottom, right, bottom, axisColor);
  svg += svgText(left, 40, "start", 24, title);
  svg += svgText(right, bottom + 54, "end", 17, "step");
  svg += svgText(left, top - 10, "end", 17, "loss");
  double x = right - 3 * legendStep;
  for (const LegendEntry &entry : legend) {
    svg += fmt::format("<rect x=\"{:.1f}\" y=\"31\" width=\"26\" height=\"5\" "
                       "fill=\"#{:06x}\"/>\n",
                       x, entry.color);
    svg += svgText(x + 34, 40, "start", 17, entry.name);
    x += legendStep;
  }
  return svg + "</svg>\n";
}

void drawCurve(Picture &picture, const Chart &chart, const Points &points,
               double thickness, Color color) {
  for (size_t i = 1; i < points.size(); ++i)
    picture.line(chart.x(points[i - 1].step), chart.y(points[i - 1].loss),
                 chart.x(points[i].step), chart.y(points[i].loss), thickness,
                 color);
}

Picture makePicture(const Chart &chart, const std::string &title) {
  Picture picture(pictureWidth, pictureHeight, background);
  for (double tick : ticks(chart.losses, 7)) {
    double y = chart.y(tick);
    picture.line(left, y, right, y, 1, gridColor);
    std::string label = tickLabel(tick);
    picture.text(left - 12 - Picture::textWidth(label, 2), y - 7, 2, textColor,
                 label);
  }
  for (double tick : ticks(chart.steps, 8)) {
    double x = chart.x(tick);
    picture.line(x, bottom, x, bottom + 6, 1, axisColor);
    std::string label = tickLabel(tick);
    picture.text(x - Picture::textWidth(label, 2) / 2.0, bottom + 14, 2,
                 textColor, label);
  }
  drawCurve(picture, chart, chart.train, 1, trainColor);
  drawCurve(picture, chart, chart.average, 2.5, averageColor);
  drawCurve(picture, chart, chart.heldOut, 2, heldOutColor);
  for (const LossPoint &point : chart.heldOut)
    picture.disc(chart.x(point.step), chart.y(point.loss), 4, heldOutColor);
  picture.line(left, top, left, bottom, 1.5, axisColor);
  picture.line(left, bottom, right, bottom, 1.5, axisColor);
  picture.text(left, 20, 3, textColor, title);
  picture.text(right - Picture::textWidth("step", 2), bottom + 42, 2, textColor,
               "step");
  picture.text(left - Picture::textWidth("loss", 2) - 12, top - 26, 2,
               textColor, "loss");
  double x = right - 3 * legendStep;
  for (const LegendEntry &entry : legend) {
    picture.line(x, 33, x + 26, 33, 5, entry.color);
    picture.text(x + 36, 26, 2, textColor, entry.name);
    x += legendStep;
  }
  return picture;
}

/// Two by four dots in every character cell.
class DotGrid {
public:
  DotGrid(int columns, int rows)
      : columns(columns), rows(rows),
        cells(static_cast<size_t>(columns * rows)) {}

  int dotColumns() const { return 2 * columns; }
  int dotRows() const { return 4 * rows; }

  void dot(int x, int y) {
    static constexpr uint8_t bits[4][2] = {
        {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    cell(x, y).dots |= bits[y % 4][x % 2];
  }
  void mark(int x, int y) { cell(x, y).marked = true; }

  std::string row(int index) const {
    std::string text;
    for (int column = 0; column < columns; ++column) {
      const Cell &c = cells[static_cast<size_t>(index * columns + column)];
      if (c.marked) {
        text += 'o';
      } else { // U+2800 and the dots, in UTF-8
        text += '\xe2';
        text += static_cast<char>(0xa0 | c.dots >> 6);
        text += static_cast<char>(0x80 | (c.dots & 0x3f));
      }
    }
    return text;
  }

private:
  struct Cell {
    uint8_t dots = 0;
    bool marked = false;
  };
  Cell &cell(int x, int y) {
    return cells[static_cast<size_t>(y / 4 * columns + x / 2)];
  }

  int columns;
  int rows;
  std::vector<Cell> cells;
};

} // namespace

Status writeLossCurve(const std::string &directory, const std::string &title,
                      const LossHistory &history) {
  Chart chart(history);
  LLMC_TRY(writeFileAtomically(joinPath(directory, "loss.svg"),
                               makeSvg(chart, title)));
  return makePicture(chart, title).writePng(joinPath(directory, "loss.png"));
}

std::string drawLossCurve(const LossHistory &history, int columns) {
  constexpr int rows = 12, labelWidth = 7;
  Chart chart(history);
  DotGrid grid(std::clamp(columns - labelWidth - 3, 20, 100), rows);
  auto dotX = [&](double step) {
    return std::clamp(static_cast<int>(std::lround(chart.steps.place(step) *
                                                   (grid.dotColumns() - 1))),
                      0, grid.dotColumns() - 1);
  };
  auto dotY = [&](double loss) {
    return std::clamp(
        static_cast<int>(
            std::lround((1 - chart.losses.place(loss)) * (grid.dotRows() - 1))),
        0, grid.dotRows() - 1);
  };
  const Points &curve = chart.average;
  for (size_t i = 0; i < curve.size(); ++i) {
    const LossPoint &to = curve[i], &from = curve[i > 0 ? i - 1 : 0];
    int x0 = dotX(from.step), y0 = dotY(from.loss);
    int x1 = dotX(to.step), y1 = dotY(to.loss);
    int length = std::max({1, std::abs(x1 - x0), std::abs(y1 - y0)});
    for (int s = 0; s <= length; ++s)
      grid.dot(x0 + (x1 - x0) * s / length, y0 + (y1 - y0) * s / length);
  }
  for (const LossPoint &point : chart.heldOut)
    grid.mark(dotX(point.step), dotY(point.loss));

  std::string text = "loss (dots: training average, o: held-out)\n";
  for (int row = 0; row < rows; ++row) {
    double loss = chart.losses.high -
                  (chart.losses.high - chart.losses.low) * (row + 0.5) / rows;
    text += fmt::format("{:>{}} ┤{}\n",
                        row % 3 == 0 ? fmt::format("{:.3f}", loss) : "",
                        labelWidth, grid.row(row));
  }
  std::string last = fmt::format("step {:g}", chart.steps.high);
  text += fmt::format("{:>{}}  0{:>{}}", "", labelWidth, last,
                      grid.dotColumns() / 2 - 1);
  return text;
}

} // namespace llmc::runtime
