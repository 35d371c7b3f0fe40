package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What users can name holds nothing that is internal. */
class PublicApiTest {
  @Test
  void publicTypes_showNoInternalOnes() throws Exception {
    List<Class<?>> types = publicTypes();
    assertThat(types).contains(Khonsu.class, Transaction.class, InvalidBatchException.class);
    for (Class<?> type : types) {
      assertThat(shown(type))
          .as(type.getName())
          .noneMatch(name -> name.contains("io.khonsu.internal"));
    }
  }

  private static List<Class<?>> publicTypes() throws IOException, ReflectiveOperationException {
    List<Class<?>> types = new ArrayList<>();
    Path sources = Path.of("src", "main", "java");
    try (Stream<Path> files = Files.walk(sources)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
        String name = sources.relativize(file).toString().replace('/', '.').replace(".java", "");
        if (!name.contains(".internal.") && !name.endsWith("-info")) {
          add(Class.forName(name), types);
        }
      }
    }
    return types;
  }

  private static void add(Class<?> type, List<Class<?>> types) {
    if (Modifier.isPublic(type.getModifiers())) {
      types.add(type);
      Arrays.stream(type.getDeclaredClasses()).forEach(nested -> add(nested, types));
    }
  }

  private static List<String> shown(Class<?> type) {
    List<String> shown = new ArrayList<>();
    shown.add(String.valueOf(type.getGenericSuperclass()));
    shown.add(Arrays.toString(type.getGenericInterfaces()));
    List<Executable> members = new ArrayList<>(List.of(type.getDeclaredMethods()));
    members.addAll(List.of(type.getDeclaredConstructors()));
    for (Executable member : members) {
      if (isShown(member.getModifiers())) {
        shown.add(Arrays.toString(member.getGenericParameterTypes()));
        shown.add(Arrays.toString(member.getGenericExceptionTypes()));
        shown.add(member instanceof Method method ? method.getGenericReturnType().toString() : "");
      }
    }
    for (Field field : type.getDeclaredFields()) {
      shown.add(isShown(field.getModifiers()) ? field.getGenericType().toString() : "");
    }
    return shown;
  }

  private static boolean isShown(int modifiers) {
    return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
  }
}
