namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class utils
        {
            /// <summary>
            /// Scales the gradients in place so that their joint norm is at most <paramref name="max_norm"/>; returns
            /// the norm before.
            /// </summary>
            public static double clip_grad_norm_(IEnumerable<Modules.Parameter> tensors, double max_norm, double norm_type = 2.0)
            {
                using var frozen = no_grad();
                using var scope = NewDisposeScope();
                var grads = tensors.Select(p => p.grad).OfType<Tensor>().ToList();
                if (grads.Count == 0) return 0.0;
                var norms = stack(grads.Select(g => g.norm((float)norm_type)));
                var total = norms.norm((float)norm_type).ToDouble();
                var factor = max_norm / (total + 1e-6);
                if (factor < 1.0)
                {
                    foreach (var grad in grads) grad.mul_(factor);
                }
                return total;
            }
        }
    }
}
