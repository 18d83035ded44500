package io.sediment.compactor;

import io.sediment.compactor.SourceSection.SourceBlock;
import java.util.ArrayList;
import java.util.List;

/**
 * A piece of work of a {@link RunWriter}: blocks that follow one another in the object to be
 * written.
 *
 * @param items in the order of the object
 * @param isServerSide the store copies them: they are one range of one object
 * @param endsPart what was put together so far is sent, since the store copies what comes next
 */
record CopyStep(List<Item> items, boolean isServerSide, boolean endsPart) {
  /**
   * A block to be copied.
   *
   * @param section number of its section
   * @param afterReference a referenced block lies between it and the one before
   */
  record Item(int section, SourceBlock source, boolean afterReference) {
    int length() {
      return source.block().length();
    }
  }

  long bytes() {
    return items.stream().mapToLong(Item::length).sum();
  }

  /** Cuts the items into objects, and each object into steps. */
  static List<List<CopyStep>> cut(List<PlannedSection> sections, CompactionOptions options) {
    Cutter cutter = new Cutter(sections, options);
    for (int s = 0; s < sections.size(); s++) {
      boolean afterReference = false;
      for (PlannedSection.PlannedBlock block : sections.get(s).blocks()) {
        if (block.isReferenced()) {
          afterReference = true;
        } else {
          cutter.items.add(new Item(s, block.source(), afterReference));
          afterReference = false;
        }
      }
    }
    return cutter.cut();
  }

  private static final class Cutter {
    final List<Item> items = new ArrayList<>();
    private final List<PlannedSection> sections;
    private final CompactionOptions options;
    private final List<List<CopyStep>> objects = new ArrayList<>();
    private List<CopyStep> object = new ArrayList<>();
    private List<Item> step = new ArrayList<>();
    private long objectBytes;
    private long stepBytes;
    private long partBytes; // sure to be in the part being put together

    Cutter(List<PlannedSection> sections, CompactionOptions options) {
      this.sections = sections;
      this.options = options;
    }

    List<List<CopyStep>> cut() {
      int next = 0;
      while (next < items.size()) {
        int end = endOfPiece(next);
        if (isCopiedByServer(next, end)) {
          next = fillPart(next);
          endStep(false, true);
          object.add(new CopyStep(List.copyOf(items.subList(next, end)), true, false));
          objectBytes += bytes(next, end);
          partBytes = 0;
          next = end;
          if (objectBytes >= options.objectBytesMax()) {
            endObject();
          }
        } else {
          add(items.get(next++));
        }
      }
      endObject();
      return objects;
    }

    private void add(Item item) {
      if (objectBytes > 0 && objectBytes + item.length() > options.objectBytesMax()) {
        endObject();
      } else if (stepBytes > 0 && stepBytes + item.length() > options.stepBytes()) {
        endStep(false, false);
      }
      step.add(item);
      stepBytes += item.length();
      objectBytes += item.length();
      partBytes += sections.get(item.section()).isRewritten() ? 0 : item.length();
    }

    private void endStep(boolean serverSide, boolean endsPart) {
      if (!step.isEmpty()) {
        object.add(new CopyStep(List.copyOf(step), serverSide, endsPart));
      }
      step = new ArrayList<>();
      stepBytes = 0;
    }

    private void endObject() {
      endStep(false, false);
      if (!object.isEmpty()) {
        objects.add(List.copyOf(object));
      }
      object = new ArrayList<>();
      objectBytes = 0;
      partBytes = 0;
    }

    /** One past the last item that lies behind this one in one piece of the same section. */
    private int endOfPiece(int from) {
      int end = from + 1;
      while (end < items.size()
          && items.get(end).section() == items.get(from).section()
          && !items.get(end).afterReference()
          && items.get(end - 1).source().isFollowedBy(items.get(end).source())) {
        end++;
      }
      return end;
    }

    /** What is left of the piece when the part before it is long enough has to be a part, too. */
    private boolean isCopiedByServer(int from, int end) {
      long missing = Math.max(0, options.partBytesMin() - partBytes);
      long least = Math.max(options.serverCopyBytesMin(), options.partBytesMin());
      return !sections.get(items.get(from).section()).isRewritten()
          && bytes(from, end) - missing - largest(from, end) >= least;
    }

    private int fillPart(int from) {
      int next = from;
      while (partBytes < options.partBytesMin()) {
        add(items.get(next++));
      }
      return next;
    }

    private long bytes(int from, int end) {
      return items.subList(from, end).stream().mapToLong(Item::length).sum();
    }

    private long largest(int from, int end) {
      return items.subList(from, end).stream().mapToLong(Item::length).max().orElse(0);
    }
  }
}
