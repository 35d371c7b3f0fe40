package io.khonsu.spi;

import java.util.List;
import java.util.ServiceLoader;

/** What is found on the class path, where there must be one of a kind. */
final class OnClassPath {
  private OnClassPath() {}

  /**
   * {@return the one provider of a service}
   *
   * @param what it is, in the plural
   * @param artifact what to depend on if there is none
   * @throws StorageRefusedException if there is none, or there are several
   */
  static <S> S only(Class<S> service, String what, String artifact) throws StorageRefusedException {
    List<ServiceLoader.Provider<S>> found =
        ServiceLoader.load(service, service.getClassLoader()).stream().toList();
    if (found.size() != 1) {
      throw new StorageRefusedException(
          StorageRefusedException.Reason.MISSING_ENGINE,
          found.isEmpty()
              ? "there are no %s on the class path: add the dependency io.khonsu:%s"
                  .formatted(what, artifact)
              : "there are several %s on the class path: leave one of %s"
                  .formatted(
                      what, found.stream().map(each -> each.type().getName()).sorted().toList()));
    }
    return found.getFirst().get();
  }
}
