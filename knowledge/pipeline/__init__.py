"""Knowledge pipelines as Dify draws them: read, checked, run node by node, and published for a knowledge base."""
