package io.khonsu.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class JsonTest {
  @Test
  void tree_isIndentedInTheOrderGiven() {
    Map<String, @Nullable Object> tree = new LinkedHashMap<>();
    tree.put("z", 1);
    tree.put("a", Arrays.asList(true, null, 0.5, List.of(), Map.of()));

    assertThat(Json.write(tree))
        .isEqualTo(
            """
            {
              "z": 1,
              "a": [
                true,
                null,
                0.5,
                [],
                {}
              ]
            }\
            """);
  }

  @Test
  void string_isEscaped() {
    assertThat(Json.write("\"\\\n\u001f\u00e9")).isEqualTo("\"\\\"\\\\\\u000a\\u001f\u00e9\"");
  }

  @Test
  void otherValues_areRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> Json.write(Double.NaN));
    assertThatIllegalArgumentException().isThrownBy(() -> Json.write('c'));
  }
}
