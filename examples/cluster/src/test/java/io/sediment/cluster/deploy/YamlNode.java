package io.sediment.cluster.deploy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * A place in a YAML document, which may be empty. Whoever reads what is not of the kind asked for
 * gets an {@link IllegalStateException} that names the place.
 */
public record YamlNode(String place, @Nullable Object value) {

  /** All documents of a file. Keys that come twice are refused. */
  public static List<YamlNode> read(Path file) throws IOException {
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    List<YamlNode> documents = new ArrayList<>();
    for (Object document : new Yaml(new SafeConstructor(options)).loadAll(Files.readString(file))) {
      documents.add(new YamlNode(file.getFileName().toString(), document));
    }
    return documents;
  }

  /** Follows keys downwards; empty as soon as one is not there. */
  public YamlNode at(String... keys) {
    YamlNode node = this;
    for (String key : keys) {
      node =
          new YamlNode(
              node.place + "." + key, node.value == null ? null : node.requireMap().get(key));
    }
    return node;
  }

  public boolean isThere() {
    return value != null;
  }

  /** A text, a number or a truth value as it is written. */
  public String text() {
    if (value == null || value instanceof Map || value instanceof List) {
      throw new IllegalStateException(place + ": no plain value but " + value);
    }
    return value.toString();
  }

  public int number() {
    return Integer.parseInt(text());
  }

  /** The items of a list; none where there is no list. */
  public List<YamlNode> items() {
    List<YamlNode> items = new ArrayList<>();
    if (value != null) {
      if (!(value instanceof List<?> list)) {
        throw new IllegalStateException(place + ": no list but " + value);
      }
      for (Object item : list) {
        items.add(new YamlNode(place + "[" + items.size() + "]", item));
      }
    }
    return items;
  }

  /** The item of a list that has this name. */
  public YamlNode named(String name) {
    return items().stream()
        .filter(item -> item.at("name").text().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException(place + ": nothing is named " + name));
  }

  /** A map with plain values; empty where there is no map. */
  public Map<String, String> texts() {
    Map<String, String> texts = new LinkedHashMap<>();
    if (value != null) {
      requireMap().keySet().forEach(key -> texts.put(key.toString(), at(key.toString()).text()));
    }
    return texts;
  }

  private Map<?, ?> requireMap() {
    if (!(value instanceof Map<?, ?> map)) {
      throw new IllegalStateException(place + ": no map but " + value);
    }
    return map;
  }
}
