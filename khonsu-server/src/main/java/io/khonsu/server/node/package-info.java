/** A node as a process: its configuration file, what runs in it, and how it is looked at. */
@NullMarked
package io.khonsu.server.node;

import org.jspecify.annotations.NullMarked;
