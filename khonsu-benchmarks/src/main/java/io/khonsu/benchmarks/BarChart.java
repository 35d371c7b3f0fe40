package io.khonsu.benchmarks;

import java.util.List;
import java.util.Locale;

/**
 * Draws panels of horizontal bars as an SVG picture that needs nothing beside itself and can be
 * read on light and on dark pages.
 */
final class BarChart {
  private static final int COLUMNS = 3;
  private static final int PANEL_WIDTH = 338;
  private static final int LABEL_WIDTH = 146;
  private static final int VALUE_WIDTH = 52;
  private static final int BAR_WIDTH = PANEL_WIDTH - LABEL_WIDTH - VALUE_WIDTH;
  private static final int ROW_HEIGHT = 15;
  private static final int BAR_HEIGHT = 10;
  private static final int TITLE_HEIGHT = 26;
  private static final int MARGIN = 16;
  private static final int HEAD_HEIGHT = 52;

  private static final String STYLE =
      """
      <style>
        text { font: 11px system-ui, sans-serif; fill: #57606a; }
        .title { font-size: 15px; font-weight: 600; }
        .panel { font-weight: 600; }
        .label { text-anchor: end; }
        .ours { fill: #0969da; }
        .limit { fill: #9a6700; }
        .other { fill: #8c959f; }
        @media (prefers-color-scheme: dark) {
          text { fill: #9ea7b3; }
          .ours { fill: #539bf5; }
          .limit { fill: #c69026; }
          .other { fill: #6e7681; }
        }
      </style>
      """;

  private final StringBuilder svg = new StringBuilder();

  private BarChart() {}

  /** Whose a bar is; this decides its colour. */
  enum Kind {
    OURS,
    LIMIT,
    OTHER
  }

  /** One bar and what stands beside it. */
  record Bar(String label, double value, String text, Kind kind) {}

  /** Bars of one scale, the longest as long as fits. */
  record Panel(String title, List<Bar> bars) {
    /** Copies the bars. */
    Panel {
      bars = List.copyOf(bars);
    }
  }

  /** {@return the picture} */
  static String svg(String title, String subtitle, List<Panel> panels) {
    BarChart chart = new BarChart();
    int mostBars = panels.stream().mapToInt(panel -> panel.bars().size()).max().orElse(0);
    int panelHeight = TITLE_HEIGHT + mostBars * ROW_HEIGHT + MARGIN;
    int rows = (panels.size() + COLUMNS - 1) / COLUMNS;
    int width = COLUMNS * (PANEL_WIDTH + MARGIN) + MARGIN;
    int height = HEAD_HEIGHT + rows * panelHeight;
    chart.add(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\""
                + " height=\"%d\" role=\"img\" aria-label=\"%s\">",
            width,
            height,
            width,
            height,
            escaped(title)));
    chart.svg.append(STYLE);
    chart.text(MARGIN, 24, "title", title);
    chart.text(MARGIN, 42, "", subtitle);
    for (int i = 0; i < panels.size(); i++) {
      int left = MARGIN + i % COLUMNS * (PANEL_WIDTH + MARGIN);
      chart.draw(panels.get(i), left, HEAD_HEIGHT + i / COLUMNS * panelHeight);
    }
    return chart.svg.append("</svg>\n").toString();
  }

  private void draw(Panel panel, int left, int top) {
    double longest = panel.bars().stream().mapToDouble(Bar::value).max().orElse(1);
    int zero = left + LABEL_WIDTH;
    text(left, top + 16, "panel", panel.title());
    for (int i = 0; i < panel.bars().size(); i++) {
      Bar bar = panel.bars().get(i);
      int rowTop = top + TITLE_HEIGHT + i * ROW_HEIGHT;
      double width = Math.max(1, BAR_WIDTH * bar.value() / longest);
      text(zero - 6, rowTop + BAR_HEIGHT - 1, "label", bar.label());
      add(
          String.format(
              Locale.ROOT,
              "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"1.5\"/>",
              bar.kind().name().toLowerCase(Locale.ROOT),
              zero,
              rowTop,
              width,
              BAR_HEIGHT));
      text((int) (zero + width + 5), rowTop + BAR_HEIGHT - 1, "", bar.text());
    }
  }

  private void text(int x, int y, String style, String text) {
    add(
        String.format(
            Locale.ROOT,
            "<text class=\"%s\" x=\"%d\" y=\"%d\">%s</text>",
            style,
            x,
            y,
            escaped(text)));
  }

  private void add(String line) {
    svg.append(line).append('\n');
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
  }
}
