package io.sediment.cluster.deploy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What {@code kubectl kustomize} makes of a folder, as far as this project uses it: resources,
 * folders among them, and generated maps, whose names are kept as they are referred to.
 */
public final class Kustomization {
  private static final String FILE = "kustomization.yaml";
  private static final Set<String> UNDERSTOOD =
      Set.of(
          "apiVersion", "kind", "namespace", "resources", "configMapGenerator", "secretGenerator");

  private final List<YamlNode> objects = new ArrayList<>();
  private final Map<String, Map<String, String>> configMaps = new LinkedHashMap<>();
  private final Map<String, Map<String, String>> secrets = new LinkedHashMap<>();
  private final Set<Path> files = new TreeSet<>();
  private final String namespace;

  private Kustomization(String namespace) {
    this.namespace = namespace;
  }

  /**
   * @throws IllegalStateException where the folder uses what this class does not understand
   */
  public static Kustomization of(Path folder) throws IOException {
    YamlNode root = YamlNode.read(folder.resolve(FILE)).get(0);
    Kustomization all = new Kustomization(root.at("namespace").text());
    all.add(folder);
    return all;
  }

  private void add(Path folder) throws IOException {
    Path file = folder.resolve(FILE);
    files.add(file);
    YamlNode kustomization = YamlNode.read(file).get(0);
    if (kustomization.value() instanceof Map<?, ?> map) {
      for (Object key : map.keySet()) {
        if (!UNDERSTOOD.contains(key.toString())) {
          throw new IllegalStateException(file + ": not understood: " + key);
        }
      }
    }
    for (YamlNode resource : kustomization.at("resources").items()) {
      Path named = folder.resolve(resource.text());
      if (Files.isDirectory(named)) {
        add(named);
      } else {
        files.add(named);
        objects.addAll(YamlNode.read(named));
      }
    }
    generate(kustomization.at("configMapGenerator"), configMaps);
    generate(kustomization.at("secretGenerator"), secrets);
  }

  private static void generate(YamlNode generators, Map<String, Map<String, String>> into) {
    for (YamlNode generator : generators.items()) {
      Map<String, String> data = new LinkedHashMap<>();
      for (YamlNode literal : generator.at("literals").items()) {
        String[] keyAndValue = literal.text().split("=", 2);
        data.put(keyAndValue[0], keyAndValue[1]);
      }
      into.put(generator.at("name").text(), data);
    }
  }

  public String namespace() {
    return namespace;
  }

  public List<YamlNode> objects() {
    return List.copyOf(objects);
  }

  public List<YamlNode> objects(String kind) {
    return objects.stream().filter(object -> object.at("kind").text().equals(kind)).toList();
  }

  public YamlNode object(String kind, String name) {
    return objects(kind).stream()
        .filter(object -> object.at("metadata", "name").text().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("no " + kind + " " + name));
  }

  /** Every file that was read. */
  public Set<Path> files() {
    return Set.copyOf(files);
  }

  /**
   * The environment of a container, as its pod sees it.
   *
   * @param fields what the downward API says, by field path
   * @throws IllegalStateException where it refers to what is not there
   */
  public Map<String, String> environment(YamlNode container, Map<String, String> fields) {
    Map<String, String> environment = new LinkedHashMap<>();
    for (YamlNode from : container.at("envFrom").items()) {
      boolean isSecret = from.at("secretRef").isThere();
      environment.putAll(
          data(
              isSecret ? secrets : configMaps,
              from.at(isSecret ? "secretRef" : "configMapRef", "name")));
    }
    for (YamlNode variable : container.at("env").items()) {
      environment.put(
          variable.at("name").text(),
          variable.at("value").isThere()
              ? expanded(variable.at("value"), environment)
              : from(variable.at("valueFrom"), fields));
    }
    return environment;
  }

  private String from(YamlNode source, Map<String, String> fields) {
    if (source.at("fieldRef").isThere()) {
      return required(fields, source.at("fieldRef", "fieldPath"));
    }
    YamlNode reference = source.at("secretKeyRef");
    return required(data(secrets, reference.at("name")), reference.at("key"));
  }

  private static Map<String, String> data(Map<String, Map<String, String>> maps, YamlNode name) {
    Map<String, String> data = maps.get(name.text());
    if (data == null) {
      throw new IllegalStateException(name.place() + ": there is no " + name.text());
    }
    return data;
  }

  private static String required(Map<String, String> values, YamlNode key) {
    String value = values.get(key.text());
    if (value == null) {
      throw new IllegalStateException(key.place() + ": there is no " + key.text());
    }
    return value;
  }

  /** {@code $(NAME)} stands for a variable that comes before. */
  private static String expanded(YamlNode text, Map<String, String> before) {
    String expanded = text.text();
    for (Map.Entry<String, String> variable : before.entrySet()) {
      expanded = expanded.replace("$(" + variable.getKey() + ")", variable.getValue());
    }
    if (expanded.contains("$(")) {
      throw new IllegalStateException(text.place() + ": unknown variable in " + expanded);
    }
    return expanded;
  }
}
