"""Starting and stopping the whole of StoryForge on one machine: cluster, applications, ingress, and what they leave."""
