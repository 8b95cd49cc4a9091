using System.Globalization;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Compat.TorchSharp.Tests;

public class LeakTests
{
    [Fact]
    public void TenThousandSteps_SmallModel_LeaveMemoryAndTensorsAsTheyWere()
    {
        set_num_threads(1);
        manual_seed(1);
        using var model = new Tiny();
        using var ids = randint(0, 20, [2, 5]);
        using var targets = ids.view(-1).clone();
        void Steps(int count)
        {
            for (var i = 0; i < count; i++)
            {
                using var scope = NewDisposeScope();
                model.zero_grad();
                F.cross_entropy(model.call(ids).view(-1, 20), targets, label_smoothing: 0.1).backward();
                nn.utils.clip_grad_norm_(model.parameters(), 1.0);
            }
        }

        Steps(1000);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var (tensors, memory) = (Tensor.TotalCount, ResidentBytes());
        Steps(9000);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal(tensors, Tensor.TotalCount);
        Assert.InRange(ResidentBytes() - memory, long.MinValue, 24L << 20);
    }

    private static long ResidentBytes()
    {
        var line = File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmRSS", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    private sealed class Tiny : nn.Module<Tensor, Tensor>
    {
        private readonly Embedding table = nn.Embedding(20, 16);
        private readonly Linear project = nn.Linear(16, 48);
        private readonly LayerNorm norm = nn.LayerNorm(16);

        internal Tiny()
            : base(nameof(Tiny)) => RegisterComponents();

        public override Tensor forward(Tensor input)
        {
            var x = table.call(input);
            var qkv = project.call(x).view(2, 5, 3, 2, 8).permute(2, 0, 3, 1, 4).unbind(0);
            var y = F.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], p: 0.1, is_casual: true);
            x = norm.call(x + F.dropout(y.transpose(1, 2).reshape(2, 5, 16), 0.1, training));
            return F.linear(x, table.weight!);
        }
    }
}
