"""Knowledge bases of other servers, reached by Dify's external knowledge contract."""

from knowledge.external.client import ExternalKnowledge, explanation

__all__ = ["ExternalKnowledge", "explanation"]
