package io.sediment.wal.model;

import java.util.Arrays;

/**
 * One state of {@link LaneProtocol}, unpacked. Epochs count from 1; index 0 of the arrays by epoch
 * is unused, and so is slot 0.
 */
final class LaneState {
  // What a slot of the bucket holds.
  static final int EMPTY = 0;
  static final int DATA = 1;
  static final int FENCE = 2;

  // What the newest manifest says of a slot.
  static final int NOT_COVERED = 0;
  static final int FLUSHED = 1;
  static final int ADOPTED = 2;
  static final int HALF_FLUSHED = 3;

  // What a writer knows of a slot of its own.
  static final int UNSENT = 0;
  static final int PENDING = 1;
  static final int CONFLICT = 2;
  static final int CONFIRMED = 3;
  static final int ACKED = 4;

  // Where the id of a manifest put under way stands.
  static final int NOTHING_SENT = 0;
  static final int NEXT_ID = 1;
  static final int TAKEN_BY_NEWEST = 2;
  static final int TAKEN_BY_OLDER = 3;
  static final int DELETED_ID = 4;

  // How far a sealer is.
  static final int IDLE = 0;
  static final int RAISING_EPOCH = 1;
  static final int WALKING = 2;
  static final int WALKED = 3;
  static final int COMMITTING = 4;
  static final int OPEN = 5;
  static final int GAVE_UP = 6;

  static final int WRITERS = 2;
  static final int SEALERS = 2;
  static final int WORDS = 3;

  private final int[] slotsOf;

  final int[][] slot;
  final int[][] covered;
  int manifestEpoch;
  int replayEpoch;
  int replaySeq;

  final int[][] view;
  final int[][] sends;
  final int[][] copies;
  final boolean[] halted = new boolean[WRITERS + 1];
  final int[] flushId = new int[WRITERS + 1];
  final int[] flushCut = new int[WRITERS + 1];
  final int[] flushedTo = new int[WRITERS + 1];

  // Sealers are numbered by the epoch they were granted: 2 and 3.
  final int[] phase = new int[SEALERS + 2];
  final int[] walkEpoch = new int[SEALERS + 2];
  final int[] walkSeq = new int[SEALERS + 2];
  final int[] commitId = new int[SEALERS + 2];
  final int[] lateFenceEpoch = new int[SEALERS + 2];
  final int[] lateFenceSeq = new int[SEALERS + 2];

  /** How many slots each sealer found to be the log of each epoch. */
  final int[][] sealedAt = new int[SEALERS + 2][WRITERS + 1];

  /**
   * @param slotsOf by epoch, how many slots its writer may fill; one more is there for a fence
   */
  LaneState(int[] slotsOf) {
    this.slotsOf = slotsOf;
    this.slot = perSlot();
    this.covered = perSlot();
    this.view = perSlot();
    this.sends = perSlot();
    this.copies = perSlot();
  }

  private int[][] perSlot() {
    int[][] table = new int[WRITERS + 1][];
    for (int epoch = 1; epoch <= WRITERS; epoch++) {
      table[epoch] = new int[slotsOf[epoch] + 2];
    }
    return table;
  }

  void load(long[] words) {
    new Fields(words, false).visit();
  }

  void store(long[] words) {
    Arrays.fill(words, 0);
    new Fields(words, true).visit();
  }

  /** One walk over all fields, for packing and unpacking alike, so that the two cannot differ. */
  private final class Fields {
    private final long[] words;
    private final boolean packing;
    private int bit;

    Fields(long[] words, boolean packing) {
      this.words = words;
      this.packing = packing;
    }

    private int field(int width, int value) {
      if (bit % 64 + width > 64) {
        bit += 64 - bit % 64;
      }
      int word = bit / 64;
      int shift = bit % 64;
      bit += width;
      long mask = (1L << width) - 1;
      if (packing) {
        if ((value & ~mask) != 0) {
          throw new IllegalStateException("value " + value + " needs more than " + width + " bits");
        }
        words[word] |= (long) value << shift;
        return value;
      }
      return (int) (words[word] >>> shift & mask);
    }

    void visit() {
      manifestEpoch = field(2, manifestEpoch);
      replayEpoch = field(2, replayEpoch);
      replaySeq = field(2, replaySeq);
      for (int epoch = 1; epoch <= WRITERS; epoch++) {
        for (int seq = 1; seq <= slotsOf[epoch] + 1; seq++) {
          slot[epoch][seq] = field(2, slot[epoch][seq]);
        }
        for (int seq = 1; seq <= slotsOf[epoch]; seq++) {
          covered[epoch][seq] = field(2, covered[epoch][seq]);
          view[epoch][seq] = field(3, view[epoch][seq]);
          sends[epoch][seq] = field(2, sends[epoch][seq]);
          copies[epoch][seq] = field(2, copies[epoch][seq]);
        }
        halted[epoch] = field(1, halted[epoch] ? 1 : 0) == 1;
        flushId[epoch] = field(3, flushId[epoch]);
        flushCut[epoch] = field(2, flushCut[epoch]);
        flushedTo[epoch] = field(2, flushedTo[epoch]);
      }
      for (int sealer = 2; sealer < SEALERS + 2; sealer++) {
        phase[sealer] = field(3, phase[sealer]);
        walkEpoch[sealer] = field(2, walkEpoch[sealer]);
        walkSeq[sealer] = field(3, walkSeq[sealer]);
        commitId[sealer] = field(3, commitId[sealer]);
        lateFenceEpoch[sealer] = field(2, lateFenceEpoch[sealer]);
        lateFenceSeq[sealer] = field(3, lateFenceSeq[sealer]);
        for (int epoch = 1; epoch <= WRITERS; epoch++) {
          sealedAt[sealer][epoch] = field(2, sealedAt[sealer][epoch]);
        }
      }
    }
  }
}
