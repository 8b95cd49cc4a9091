using static TorchSharp.torch;

namespace TorchSharp
{
    namespace Modules
    {
        public sealed class ReLU : nn.Module<Tensor, Tensor>
        {
            private readonly bool _inplace;

            internal ReLU(bool inplace)
                : base(nameof(ReLU)) => _inplace = inplace;

            public override Tensor forward(Tensor tensor) => nn.functional.relu(tensor, _inplace);
        }

        public sealed class GELU : nn.Module<Tensor, Tensor>
        {
            internal GELU()
                : base(nameof(GELU))
            {
            }

            public override Tensor forward(Tensor tensor) => nn.functional.gelu(tensor);
        }

        public sealed class Tanh : nn.Module<Tensor, Tensor>
        {
            internal Tanh()
                : base(nameof(Tanh))
            {
            }

            public override Tensor forward(Tensor tensor) => tensor.tanh();
        }

        public sealed class Sigmoid : nn.Module<Tensor, Tensor>
        {
            internal Sigmoid()
                : base(nameof(Sigmoid))
            {
            }

            public override Tensor forward(Tensor tensor) => tensor.sigmoid();
        }

        public sealed class Identity : nn.Module<Tensor, Tensor>
        {
            internal Identity()
                : base(nameof(Identity))
            {
            }

            public override Tensor forward(Tensor tensor) => tensor.alias();
        }

        public sealed class Softmax : nn.Module<Tensor, Tensor>
        {
            private readonly long _dim;

            internal Softmax(long dim)
                : base(nameof(Softmax)) => _dim = dim;

            public override Tensor forward(Tensor tensor) => tensor.softmax(_dim);
        }

        public sealed class LogSoftmax : nn.Module<Tensor, Tensor>
        {
            private readonly long _dim;

            internal LogSoftmax(long dim)
                : base(nameof(LogSoftmax)) => _dim = dim;

            public override Tensor forward(Tensor tensor) => tensor.log_softmax(_dim);
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.ReLU ReLU(bool inplace = false) => new(inplace);

            public static Modules.GELU GELU() => new();

            public static Modules.Tanh Tanh() => new();

            public static Modules.Sigmoid Sigmoid() => new();

            public static Modules.Identity Identity() => new();

            public static Modules.Softmax Softmax(long dim) => new(dim);

            public static Modules.LogSoftmax LogSoftmax(long dim) => new(dim);
        }
    }
}
