# want: - M M.A M.A.self.run M.A.ok? M.A.<< top
require "x"

module M
  # Is one.
  class A < B
    attr_reader :x

    def self.run(a)
      if a then 1 end
      puts <<~TEXT
        def no
        end
      TEXT
    end

    def ok? = true

    def <<(o)
      each do |x|
        x
      end
    end
  end
end

=begin
def no; end
=end
def top
end
