"""errbot-backend-matrix 0.0.1 as errbot can load it: the description that it comes with names its
package where errbot looks for a file."""

from err_backend_matrix.matrix import MatrixBackend

__all__ = ["MatrixBackend"]
