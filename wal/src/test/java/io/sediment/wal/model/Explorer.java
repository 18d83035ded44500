package io.sediment.wal.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Walks every reachable state of a machine, breadth first, until one is wrong. States lie behind
 * each other in one array of words, in the order they were found; an open-addressing table of their
 * numbers tells which are known. So a state costs some 30 bytes and millions fit in a test.
 */
final class Explorer {
  /**
   * @param states how many different ones were reached
   * @param steps how many transitions were tried
   * @param violation what is wrong in the last state of {@code trace}; null when nothing ever is
   * @param trace shortest sequence of actions that leads there
   */
  record Result(int states, long steps, @Nullable String violation, List<String> trace) {}

  private final StateMachine machine;
  private final int statesMax;
  private final int words;
  private long[] known;
  private int[] parent;
  private int[] action;
  private int[] table = new int[1 << 16];
  private int count;
  private long steps;
  private int current;

  Explorer(StateMachine machine, int statesMax) {
    this.machine = machine;
    this.statesMax = statesMax;
    this.words = machine.words();
    this.known = new long[words << 14];
    this.parent = new int[1 << 14];
    this.action = new int[1 << 14];
  }

  Result explore() {
    long[] state = new long[words];
    machine.initial(state);
    add(-1, state);
    for (current = 0; current < count; current++) {
      System.arraycopy(known, current * words, state, 0, words);
      String violation = machine.violation(state);
      if (violation != null) {
        return new Result(count, steps, violation, traceTo(current));
      }
      machine.successors(state, this::add);
    }
    return new Result(count, steps, null, List.of());
  }

  private void add(int by, long[] state) {
    steps++;
    int mask = table.length - 1;
    int place = hash(state, 0) & mask;
    while (table[place] != 0) {
      if (isSame(table[place] - 1, state)) {
        return;
      }
      place = (place + 1) & mask;
    }
    if (count == statesMax) {
      throw new IllegalStateException("more than " + statesMax + " states: bound the machine");
    }
    if (count == parent.length) {
      known = Arrays.copyOf(known, known.length * 2);
      parent = Arrays.copyOf(parent, count * 2);
      action = Arrays.copyOf(action, count * 2);
    }
    System.arraycopy(state, 0, known, count * words, words);
    parent[count] = current;
    action[count] = by;
    count++;
    table[place] = count;
    if (count * 2 > table.length) {
      rehash();
    }
  }

  private void rehash() {
    int[] larger = new int[table.length * 2];
    int mask = larger.length - 1;
    for (int number = 0; number < count; number++) {
      int place = hash(known, number * words) & mask;
      while (larger[place] != 0) {
        place = (place + 1) & mask;
      }
      larger[place] = number + 1;
    }
    table = larger;
  }

  private boolean isSame(int number, long[] state) {
    int from = number * words;
    for (int i = 0; i < words; i++) {
      if (known[from + i] != state[i]) {
        return false;
      }
    }
    return true;
  }

  private int hash(long[] array, int from) {
    long hash = 0;
    for (int i = 0; i < words; i++) {
      hash = (hash ^ array[from + i]) * 0x9e3779b97f4a7c15L;
      hash ^= hash >>> 29;
    }
    return (int) (hash ^ (hash >>> 32));
  }

  private List<String> traceTo(int number) {
    List<String> trace = new ArrayList<>();
    for (int at = number; action[at] >= 0; at = parent[at]) {
      trace.add(machine.describe(action[at]));
    }
    Collections.reverse(trace);
    return trace;
  }
}
