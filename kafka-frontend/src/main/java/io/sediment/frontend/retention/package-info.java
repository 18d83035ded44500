/**
 * Retention: decides, pass by pass, where each log shall begin, has the metadata agree, and only
 * then lets the lane give the bytes back.
 *
 * <p>The order matters: bytes go only behind a log start that is committed and exported, so that no
 * rebirth can come back to a log whose head is gone.
 */
@NullMarked
package io.sediment.frontend.retention;

import org.jspecify.annotations.NullMarked;
