package io.sediment.metadata;

import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The published image and those who listen to it. One thread at a time calls the listeners: a
 * publish that comes while they are being called leaves its image for that thread to pass on.
 */
public final class Publication {
  private static final Logger LOG = LoggerFactory.getLogger(Publication.class);

  /** Guarded by this. */
  private final List<Listening> listeners = new ArrayList<>();

  /** Guarded by this. */
  private boolean delivering;

  private volatile MetadataImage image;

  public Publication(MetadataImage first) {
    this.image = first;
  }

  public MetadataImage image() {
    return image;
  }

  /** Makes {@code next} the image, unless a newer one is published already. */
  public void publish(MetadataImage next) {
    synchronized (this) {
      if (next.version() <= image.version()) {
        return;
      }
      image = next;
    }
    deliver();
  }

  public ClusterMetadata.Subscription subscribe(MetadataListener listener) {
    Listening listening;
    synchronized (this) {
      listening =
          new Listening(listener, MetadataImage.empty(image.clusterId(), image.incarnation()));
      listeners.add(listening);
    }
    deliver();
    return () -> {
      synchronized (this) {
        listeners.remove(listening);
      }
    };
  }

  private void deliver() {
    while (true) {
      List<Listening> behind = new ArrayList<>();
      MetadataImage current;
      synchronized (this) {
        current = image;
        for (Listening listening : listeners) {
          if (listening.seen != current) {
            behind.add(listening);
          }
        }
        if (delivering || behind.isEmpty()) {
          return;
        }
        delivering = true;
      }
      for (Listening listening : behind) {
        MetadataImage before = listening.seen;
        listening.seen = current;
        try {
          listening.listener.onImage(before, current);
        } catch (RuntimeException e) {
          LOG.error("metadata listener failed: version={}", current.version(), e);
        }
      }
      synchronized (this) {
        delivering = false;
      }
    }
  }

  private static final class Listening {
    private final MetadataListener listener;

    /** Written by the delivering thread alone, which holds the turn. */
    private volatile MetadataImage seen;

    private Listening(MetadataListener listener, MetadataImage seen) {
      this.listener = listener;
      this.seen = seen;
    }
  }
}
