"""The culprit benchmark: real loads on a real lab, recorded blind, and judged offline."""
